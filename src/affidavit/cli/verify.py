"""`affidavit verify`: check evidence packages offline and say in plain words what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from affidavit.proof.report import Report, Verdict

_LABELS = {"ok": "OK", "failed": "FAILED", "not_checked": "NOT CHECKED"}
_STYLES = {"ok": "bold green", "failed": "bold red", "not_checked": "bold yellow"}
_MAX_KEY_FILE = 64 * 1024

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="PACKAGE...", help="Evidence packages (ZIP) to check.", show_default=False
    ),
]
Keys = Annotated[
    list[str],
    typer.Option(
        "--key",
        metavar="VKEY|FILE",
        help="The ledger's verifier key, or a file that holds it, one a line. Get it from somewhere"
        " else than the package. May be given several times.",
        show_default=False,
    ),
]
Previous = Annotated[
    list[str] | None,
    typer.Option(
        "--previous",
        metavar="EARLIER",
        help="An earlier package, checkpoint or manifest of the same ledger: its entries must be the"
        " first ones here. May be given several times.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the reports as JSON, for a program.")]


def verify_command(
    files: Files, key: Keys, previous: Previous = None, json_output: AsJson = False
) -> None:
    """Check evidence packages offline: no database, no network, no server.

    Prints five verdicts for each package, and what could be forged in spite of them.

    Exit code: 0 accepted, 1 something does not hold, 2 could not be checked (no such file, not a
    package, a key that cannot be used).
    """
    raise typer.Exit(verify_files(files, key, previous or [], json_output=json_output))


def verify_files(
    files: Sequence[str], keys: Sequence[str], previous: Sequence[str], *, json_output: bool
) -> int:
    """Check each package, print the reports, and return the worst exit code."""
    from affidavit.proof.errors import CannotCheck
    from affidavit.proof.package import trusted_keys, verify

    results: list[Report | tuple[str, str]] = []
    try:
        vkeys = trusted_keys(vkey for key in keys for vkey in _read_keys(key))
    except CannotCheck as error:
        results = [(path, error.message) for path in files]
    else:
        for path in files:
            try:
                results.append(verify(path, vkeys=vkeys, previous=previous))
            except CannotCheck as error:
                results.append((path, error.message))
    code = max(2 if isinstance(result, tuple) else result.exit_code for result in results)
    if json_output:
        document = {"exit_code": code, "reports": [_json_of(result) for result in results]}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _print_all(results)
    return code


def _read_keys(key: str) -> list[str]:
    """Give the verifier keys in a file, or the argument itself where it is one."""
    from affidavit.proof.errors import CannotCheck

    path = Path(key)
    try:
        if not path.is_file():
            if "+" not in key:
                raise CannotCheck(
                    f"{key} is neither a file nor a verifier key (name+keyid+base64)."
                )
            return [key]
        with path.open("rb") as file:
            text = file.read(_MAX_KEY_FILE).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        raise CannotCheck(f"The key file {key} cannot be read: {error}.") from error
    found = [line.strip() for line in text.splitlines()]
    return [line for line in found if line and not line.startswith("#")]


def _json_of(result: Report | tuple[str, str]) -> dict[str, Any]:
    if isinstance(result, tuple):
        path, message = result
        return {"path": path, "accepted": False, "exit_code": 2, "error": message}
    return result.to_json()


def _print_all(results: Sequence[Report | tuple[str, str]]) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    for number, result in enumerate(results):
        if number:
            console.print()
        if isinstance(result, tuple):
            console.print(f"{result[0]}: could not be checked.", style="bold red")
            _indented(console, result[1])
        else:
            _print_report(console, result)


def _print_report(console: Console, report: Report) -> None:
    console.print(report.path, style="bold")
    for line in _facts(report.facts):
        _indented(console, line)
    for verdict in report.verdicts:
        console.print()
        _print_verdict(console, verdict)
    console.print()
    console.print("What could still be forged", style="bold")
    for line in report.still_forgeable:
        _indented(console, line, bullet="- ")
    console.print()
    _print_conclusion(console, report)


def _print_verdict(console: Console, verdict: Verdict) -> None:
    from rich.text import Text

    label = Text(_LABELS[verdict.status], style=_STYLES[verdict.status])
    console.print(Text.assemble(f"{verdict.number} {verdict.title}: ", label))
    _indented(console, verdict.words)
    for failure in verdict.failures:
        _indented(console, str(failure), bullet="- ")
    if verdict.failure_count > len(verdict.failures):
        more = verdict.failure_count - len(verdict.failures)
        _indented(console, f"and {more:,} more, not listed here", bullet="- ")
    for detail in verdict.details:
        _indented(console, detail, bullet="- ")


def _print_conclusion(console: Console, report: Report) -> None:
    keys = ", ".join(report.keys)
    failed = [str(v.number) for v in report.verdicts if v.status == "failed"]
    open_ones = [str(v.number) for v in report.verdicts if v.status == "not_checked"]
    if not report.accepted:
        console.print(f"NOT ACCEPTED against {keys}", style="bold red")
        _indented(
            console, f"Verdicts that failed: {', '.join(failed)}. Do not rely on this package."
        )
        return
    console.print(f"Accepted against {keys}", style="bold green")
    if open_ones:
        _indented(
            console, f"Nothing failed; not checked: {', '.join(open_ones)} (see above for why)."
        )


def _facts(facts: dict[str, Any]) -> list[str]:
    organization = facts.get("organization") or {}
    lines = []
    if facts.get("origin"):
        lines.append(f"ledger {facts['origin']}, {facts['ledger_size']:,} entries")
    if organization.get("name"):
        lines.append(
            f"organization {organization['name']}, export {facts.get('export_id')}, asked for by"
            f" {facts.get('requested_by')} ({facts.get('requested_role')}) at {facts.get('requested_at')}"
        )
    if facts.get("records_by_type"):
        counts = ", ".join(f"{count:,} {name}" for name, count in facts["records_by_type"].items())
        lines.append(f"{facts['records']:,} records: {counts}")
    return lines


def _indented(console: Console, text: str, *, bullet: str = "") -> None:
    """Print a paragraph two columns in; a bullet stands left of its edge."""
    from rich.text import Text

    lines = Text(text).wrap(console, max(20, console.width - 2 - len(bullet)))
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text("  " + (bullet if number == 0 else " " * len(bullet))).append(line))
