"""Signed notes and checkpoints, as C2SP specifies them."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from affidavit.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from affidavit.proof.errors import ProofError
from affidavit.proof.merkle import Frontier, leaf_hash, root_hash
from affidavit.proof.note import (
    MAX_SIGNATURES,
    Signer,
    Verifier,
    open_note,
    parse_vkey,
    sign_note,
    split_note,
)

VECTORS = Path(__file__).parents[2] / "vectors"
NOTES = json.loads((VECTORS / "signed-note" / "notes.json").read_text())
TEXT = "If in doubt,\n\nread the checkpoint.\n"

ADA, GRACE = Signer.generate("ada.example"), Signer.generate("grace.example")


@pytest.mark.parametrize("case", NOTES["cases"], ids=lambda case: case["name"])
def test_judges_the_published_notes_as_their_authors_do(case: dict[str, Any]) -> None:
    if case["valid"]:
        note = open_note(case["note"], case["vkeys"])
        assert case["note"].startswith(note.text + "\n\u2014 ")
        expected = case.get("verified_by", [vkey.partition("+")[0] for vkey in case["vkeys"]])
        assert expected == [verifier.name for verifier in note.verified_by]
    else:
        with pytest.raises(ProofError):
            open_note(case["note"], case["vkeys"])


@pytest.mark.parametrize("vkey", NOTES["bad_vkeys"])
def test_refuses_the_published_bad_verifier_keys(vkey: str) -> None:
    with pytest.raises(ProofError):
        parse_vkey(vkey)
    with pytest.raises(ProofError):
        open_note(NOTES["cases"][0]["note"], [vkey])


def test_a_published_tree_head_has_the_text_that_it_should() -> None:
    case = NOTES["tree_head_text"]
    root = leaf_hash(case["leaf"].encode())
    checkpoint = Checkpoint("go.sum database tree", case["n"], root)
    assert case["note_text"] == checkpoint.text()
    assert checkpoint == Checkpoint.parse(case["note_text"])


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")))
def test_what_was_signed_opens_with_the_key_and_gives_the_text(text: str) -> None:
    note = open_note(sign_note(text + "\n", ADA), [ADA.vkey])
    assert text + "\n" == note.text
    assert (ADA.verifier,) == note.verified_by


def test_every_flipped_bit_of_a_note_is_found() -> None:
    note = sign_note(TEXT, ADA).encode()
    for at in range(len(note)):
        for bit in range(8):
            changed = note[:at] + bytes([note[at] ^ 1 << bit]) + note[at + 1 :]
            with pytest.raises(ProofError):
                open_note(changed, [ADA.vkey])


def test_signing_is_deterministic() -> None:
    assert sign_note(TEXT, ADA) == sign_note(TEXT, ADA)


def test_signatures_by_unknown_keys_are_ignored_but_one_must_be_known() -> None:
    note = sign_note(TEXT, ADA, GRACE)
    assert [one.name for one in open_note(note, [GRACE.vkey]).verified_by] == ["grace.example"]
    assert len(open_note(note, [GRACE.vkey, ADA.verifier]).verified_by) == 2
    assert len(open_note(note, [GRACE.vkey]).signatures) == 2
    with pytest.raises(ProofError, match="not by the key you gave"):
        open_note(note, [Signer.generate("other.example").vkey])
    with pytest.raises(ProofError):
        open_note(note, [])


def test_a_key_of_the_same_name_is_another_key() -> None:
    with pytest.raises(ProofError, match="not by the key"):
        open_note(sign_note(TEXT, ADA), [Signer.generate("ada.example").vkey])


def test_one_wrong_signature_by_a_known_key_refuses_the_note() -> None:
    good, other = sign_note(TEXT, ADA), sign_note("Another text.\n", GRACE)
    forged = good + other.rpartition("\n\n")[2]
    open_note(forged, [ADA.vkey])
    with pytest.raises(ProofError, match="wrong"):
        open_note(forged, [ADA.vkey, GRACE.vkey])


def test_a_signature_that_stands_twice_counts_once() -> None:
    note = sign_note(TEXT, ADA, ADA)
    assert len(open_note(note, [ADA.vkey]).verified_by) == 1


def test_accepts_many_signatures_and_refuses_too_many() -> None:
    others = [Signer.generate(f"witness-{number}.example") for number in range(16)]
    open_note(sign_note(TEXT, ADA, *others), [ADA.vkey])
    with pytest.raises(ProofError, match="more than"):
        open_note(sign_note(TEXT, *[ADA] * (MAX_SIGNATURES + 1)), [ADA.vkey])


@pytest.mark.parametrize(
    "text", ["", "no newline", "tab\there\n", "return\r\n", "nul\0\n", "\ud800\n"]
)
def test_refuses_to_sign_what_cannot_be_a_note(text: str) -> None:
    with pytest.raises(ProofError):
        sign_note(text, ADA)


@pytest.mark.parametrize(
    "name", ["", "two words", "a+b", "a\u00a0b", "a\u3000b", "line\nbreak", "a\u0085"]
)
def test_refuses_names_that_a_signature_line_cannot_hold(name: str) -> None:
    with pytest.raises(ProofError):
        Signer.generate(name)


def test_refuses_every_other_spelling_of_base64() -> None:
    note = sign_note(TEXT, ADA)
    body, line = note[:-1].rsplit(" ", 1)
    raw = base64.b64decode(line)
    loose = [
        line.rstrip("="),
        line + "=",
        line.replace("+", "-").replace("/", "_") + "\u00e9",
        line + " ",
    ]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = line.rstrip("=")[-1]
    twin = line.rstrip("=")[:-1] + alphabet[alphabet.index(last) | 1] + "=" * line.count("=")
    if twin != line and base64.b64decode(twin) == raw:
        loose.append(twin)
    open_note(f"{body} {line}\n", [ADA.vkey])
    for spelling in loose:
        with pytest.raises(ProofError):
            open_note(f"{body} {spelling}\n", [ADA.vkey])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n\n\u2014 name\n",
        "text\n\n- a AAAAAAA=\n",
        "a\n\n\u2014 n AAAA\n",
    ],
)
def test_refuses_what_is_no_note(note: str) -> None:
    with pytest.raises(ProofError):
        split_note(note)


def test_verifier_keys_read_back_and_their_id_is_checked() -> None:
    vkey = ADA.vkey
    assert ADA.verifier == parse_vkey(vkey) == parse_vkey(vkey + "\n")
    name, key_id, key = vkey.split("+", 2)
    material = base64.b64decode(key)
    assert key_id == sha256(name.encode() + b"\n" + material).hexdigest()[:8]
    for wrong in (
        f"{name}+00000000+{key}",
        f"other+{key_id}+{key}",
        f"{name}+{key_id.upper()}x+{key}",
        f"{name}+{key_id}",
        name,
        "",
        f"{name}+{key_id}+{key[:-2]}",
    ):
        with pytest.raises(ProofError):
            parse_vkey(wrong)


def test_verifier_keys_of_unknown_types_are_passed_over_but_not_silently_trusted() -> None:
    material = b"\x02" + b"some ECDSA key"
    key_id = sha256(b"ecdsa.example\n" + material).hexdigest()[:8]
    unknown = f"ecdsa.example+{key_id}+{base64.b64encode(material).decode()}"
    open_note(sign_note(TEXT, ADA), [unknown, ADA.vkey])
    with pytest.raises(ProofError):
        open_note(sign_note(TEXT, ADA), [unknown])
    with pytest.raises(ProofError, match="Ed25519"):
        parse_vkey(unknown)


def test_a_private_key_survives_its_pem_and_is_never_shown() -> None:
    again = Signer.from_pem("ada.example", ADA.to_pem())
    assert ADA.vkey == again.vkey
    assert sign_note(TEXT, ADA) == sign_note(TEXT, again)
    assert ADA.to_pem().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert "private" not in repr(ADA).lower()


def test_refuses_private_keys_of_another_kind() -> None:
    wrong = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    locked = ADA.private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    for pem in (wrong, locked, b"not a key", b""):
        with pytest.raises(ProofError):
            Signer.from_pem("ada.example", pem)
    with pytest.raises(ProofError):
        Verifier("ada.example", b"short")


@pytest.mark.parametrize("size", range(8))
def test_reads_a_small_public_log_at_every_size(size: int) -> None:
    folder = VECTORS / "tlog-small"
    text, signatures = split_note((folder / f"checkpoint.{size}").read_bytes())
    checkpoint = Checkpoint.parse(text)
    tile = (folder / "tile" / "0" / "000.p" / str(size)).read_bytes() if size else b""
    leaves = [tile[at : at + 32] for at in range(0, len(tile), 32)]
    entries = (folder / "tile" / "entries" / "000.p" / str(size)).read_bytes() if size else b""
    found = []
    while entries:
        length = int.from_bytes(entries[:2], "big")
        found.append(leaf_hash(entries[2 : 2 + length]))
        entries = entries[2 + length :]
    assert ("example.com/log/testdata", size) == (checkpoint.origin, checkpoint.size)
    assert leaves == found
    assert checkpoint.root == root_hash(leaves)
    assert text == checkpoint.text()
    assert [one.name for one in signatures] == ["example.com/log/testdata"]


def test_a_checkpoint_opens_with_the_key_of_its_own_ledger_only() -> None:
    frontier = Frontier()
    frontier.append(leaf_hash(b"entry"))
    mine = Checkpoint(ADA.name, 1, frontier.root())
    assert mine == open_checkpoint(sign_checkpoint(mine, ADA), [ADA.vkey])[0]
    assert mine == open_checkpoint(sign_checkpoint(mine, ADA, GRACE), [ADA.vkey, GRACE.vkey])[0]
    with pytest.raises(ProofError, match="not by its own key"):
        open_checkpoint(sign_checkpoint(mine, GRACE), [ADA.vkey, GRACE.vkey])


def test_a_checkpoint_may_carry_extension_lines() -> None:
    checkpoint = Checkpoint("a.example", 0, root_hash([]), ("first", "second"))
    assert checkpoint == Checkpoint.parse(checkpoint.text())


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n", "a\n1\n", f"a\n1\n{ROOT}", f"\n1\n{ROOT}\n", f"a\n01\n{ROOT}\n", f"a\n-1\n{ROOT}\n",
        f"a\n+1\n{ROOT}\n", f"a\n1 \n{ROOT}\n", f"a\n\u0661\n{ROOT}\n", f"a\n1\n{ROOT[:-1]}\n",
        f"a\n1\n{ROOT}\n\n", f"a\n1\n{ROOT}\n\nx\n", "a\n1\nAAAA\n", f"a\n{1 << 64}\n{ROOT}\n",
        "a\n1\n" + ROOT[:-2] + "B=\n",
    ],
)  # fmt: skip
def test_refuses_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(ProofError):
        Checkpoint.parse(text)


def test_refuses_to_write_a_checkpoint_that_would_not_read_back() -> None:
    for wrong in (
        Checkpoint("", 1, bytes(32)),
        Checkpoint("a\nb", 1, bytes(32)),
        Checkpoint("a", -1, bytes(32)),
        Checkpoint("a", 1, b"short"),
        Checkpoint("a", 1, bytes(32), ("",)),
    ):
        with pytest.raises(ProofError):
            wrong.text()
