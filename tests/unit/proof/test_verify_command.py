"""`affidavit verify`: its words, its JSON and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from affidavit.cli.verify import verify_command
from tests.support.package_builder import Ledger

app = typer.Typer()
app.command()(verify_command)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def package(ledger: Ledger, tmp_path: Path) -> Path:
    return ledger.parts({"repo": ["payments"]}).write(tmp_path / "evidence.zip")


def test_accepts_a_sound_package_and_says_against_which_key(package: Path, ledger: Ledger) -> None:
    result = run(package, "--key", ledger.signer.vkey)
    assert result.exit_code == 0
    said = " ".join(result.output.split())
    assert f"Accepted against {ledger.signer.vkey}" in said
    for title in (
        "1 inclusion and signature: OK",
        "2 completeness of the range and of the filter: OK",
        "3 append-only since an earlier export or checkpoint: NOT CHECKED",
        "4 time bounds: NOT CHECKED",
        "5 erasures: OK",
        "What could still be forged",
        "not checked: 3, 4",
    ):
        assert title in said
    assert "PASSED" not in said


def test_takes_the_key_from_a_file_and_several_keys(
    package: Path, ledger: Ledger, tmp_path: Path
) -> None:
    key = tmp_path / "ledger.vkey"
    key.write_text(f"# the ledger's key\n\n{ledger.signer.vkey}\n")
    from affidavit.proof.note import Signer

    assert run(package, "--key", key).exit_code == 0
    assert run(package, "--key", Signer.generate("x.example").vkey, "--key", key).exit_code == 0


def test_refuses_a_tampered_package_and_names_the_place(
    ledger: Ledger, package: Path, tmp_path: Path
) -> None:
    parts = ledger.parts()
    parts.rows.pop(2)
    parts.recount()
    bad = parts.write(tmp_path / "bad.zip")
    result = run(bad, "--key", ledger.signer.vkey)
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "2 completeness of the range and of the filter: FAILED" in said
    assert "satisfies the filter, but its record is missing" in said
    assert "NOT ACCEPTED" in said


def test_says_so_when_it_cannot_check(package: Path, ledger: Ledger, tmp_path: Path) -> None:
    text = tmp_path / "note.txt"
    text.write_text("nothing")
    key = ledger.signer.vkey
    for arguments in (
        (tmp_path / "none.zip", "--key", key),
        (text, "--key", key),
        (package, "--key", "no key"),
        (package, "--key", tmp_path / "none.vkey"),
        (package, "--key", key, "--previous", tmp_path / "none"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert "could not be checked" in " ".join(result.output.split())
    assert run(package).exit_code == 2
    assert run("--key", key).exit_code == 2


def test_the_worst_of_several_packages_decides(
    package: Path, ledger: Ledger, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(package.read_bytes()[:-1] + b"x")
    key = ledger.signer.vkey
    assert run(package, package, "--key", key).exit_code == 0
    assert run(package, bad, tmp_path / "none", "--key", key).exit_code == 2


def test_speaks_json_to_programs(package: Path, ledger: Ledger, tmp_path: Path) -> None:
    result = run(package, tmp_path / "none.zip", "--key", ledger.signer.vkey, "--json")
    document = json.loads(result.stdout)
    good, missing = document["reports"]
    assert (document["exit_code"], good["exit_code"], missing["exit_code"]) == (2, 0, 2)
    assert [verdict["status"] for verdict in good["verdicts"]] == [
        "ok",
        "ok",
        "not_checked",
        "not_checked",
        "ok",
    ]
    assert "cannot be read" in missing["error"]


def test_confirms_an_earlier_checkpoint(package: Path, ledger: Ledger, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.checkpoint"
    earlier.write_text(ledger.checkpoint(5))
    result = run(package, "--key", ledger.signer.vkey, "--previous", earlier)
    assert result.exit_code == 0
    assert "the first 5 are those of" in " ".join(result.output.split())


def test_needs_no_framework_and_no_network(package: Path, ledger: Ledger) -> None:
    code = (
        "import socket, sys\n"
        "socket.socket = None\n"
        "from affidavit.proof.package import verify\n"
        "assert verify(sys.argv[1], vkeys=[sys.argv[2]]).accepted\n"
        "assert not {'django', 'ninja', 'psycopg', 'pydantic'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code, str(package), ledger.signer.vkey], check=True)
