"""Attacks by someone who can reseal: digests and counts fit, and still a verdict catches it.

Each test does what an insider with the signing key could do to the package, except where it says
that the attacker has another key.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affidavit.proof.canonical import encode_record
from affidavit.proof.checkpoint import Checkpoint, sign_checkpoint
from affidavit.proof.merkle import leaf_hash, root_hash
from affidavit.proof.note import Signer
from affidavit.proof.package_format import (
    AUDIT_CSV,
    AUDIT_JSON,
    AUDIT_PDF,
    HEADERS,
    MANIFEST,
    README,
    RECORDS,
    SALTS,
)
from affidavit.proof.report import (
    APPEND_ONLY,
    COMPLETENESS,
    ERASURES,
    INCLUSION,
    TIME_BOUNDS,
    Report,
)
from tests.support.package_builder import (
    ORIGIN,
    Entry,
    Ledger,
    Parts,
    moment,
    packed,
    pseudonym,
    sealed,
    submission,
    unsealed,
)
from tests.unit.proof.conftest import Check


def caught(report: Report, verdict: int, *words: str) -> None:
    """Assert that this verdict failed and that one of its failures says so in these words."""
    assert report.exit_code == 1
    assert report.verdict(verdict).status == "failed", report.to_json()
    failures = [str(failure) for failure in report.verdict(verdict).failures]
    assert any(all(word in failure for word in words) for failure in failures), failures


def rewritten(entry: Entry, **members: Any) -> None:
    """Change header members; None takes one away."""
    entry.header.update(members)
    for name in [name for name, value in entry.header.items() if value is None]:
        del entry.header[name]


# -- the rows against the headers -----------------------------------------------------------------


def test_a_matching_record_that_was_dropped_is_missed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    seq, _, _ = parts.rows.pop(2)
    parts.recount()
    report = check(parts)
    caught(report, COMPLETENESS, f"seq {seq}", "missing")
    caught(report, ERASURES, f"seq {seq}")
    assert report.verdict(INCLUSION).status == "ok"


@pytest.mark.parametrize("index", [0, -1])
def test_the_first_and_the_last_record_are_missed_too(
    ledger: Ledger, check: Check, index: int
) -> None:
    parts = ledger.parts()
    seq, _, _ = parts.rows.pop(index)
    parts.recount()
    caught(check(parts), COMPLETENESS, f"seq {seq}", "missing")


def test_all_records_dropped_are_missed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    count = len(parts.rows)
    parts.rows.clear()
    parts.recount()
    report = check(parts)
    assert count == report.verdict(COMPLETENESS).failure_count


def test_a_record_that_does_not_match_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts({"repo": ["search"]})
    entry = ledger.entries[1]
    parts.rows.insert(0, (1, entry.body, entry.salt))
    parts.recount()
    caught(check(parts), COMPLETENESS, "seq 1", "does not satisfy the filter")


def test_a_superseded_revision_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    entry = ledger.entries[2]
    parts.rows.insert(1, (2, entry.body, entry.salt))
    parts.recount()
    caught(check(parts), COMPLETENESS, "seq 2", "a later revision supersedes it")


def test_records_in_another_order_are_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    parts.rows[1], parts.rows[2] = parts.rows[2], parts.rows[1]
    caught(check(parts), COMPLETENESS, "comes after seq")


def test_a_record_that_stands_twice_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    parts.rows.insert(1, parts.rows[0])
    parts.recount()
    caught(check(parts), COMPLETENESS, "comes after seq")


def test_a_record_beyond_the_ledger_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    parts.rows.append((99, parts.rows[0][1], parts.rows[0][2]))
    parts.recount()
    caught(check(parts), COMPLETENESS, "seq 99", "only 13 headers")


def test_swapped_bodies_are_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    (a, body_a, salt_a), (b, body_b, salt_b) = parts.rows[0], parts.rows[1]
    parts.rows[0], parts.rows[1] = (a, body_b, salt_a), (b, body_a, salt_b)
    caught(check(parts), INCLUSION, f"seq {a}", "commits to")


def test_a_changed_body_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    seq, body, salt = parts.rows[0]
    parts.rows[0] = (seq, body.replace(b"Pay twice", b"Pay once!"), salt)
    caught(check(parts), INCLUSION, RECORDS, "line 1", f"seq {seq}", "commits to")


def test_a_wrong_salt_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    seq, body, _ = parts.rows[0]
    parts.rows[0] = (seq, body, bytes(32))
    caught(check(parts), INCLUSION, f"seq {seq}", "commits to")


@pytest.mark.parametrize("lines", [b"", b"1\n", b"1 zz\n", b"01 " + b"0" * 64 + b"\n", b"x" * 70])
def test_salts_of_another_form_are_noticed(ledger: Ledger, check: Check, lines: bytes) -> None:
    parts = ledger.parts()
    parts.overrides[SALTS] = lines
    caught(check(parts), INCLUSION, SALTS)


def test_a_body_in_another_spelling_is_noticed_even_if_committed_to(
    ledger: Ledger, check: Check
) -> None:
    import hmac

    entry = ledger.entries[11]
    entry.body = entry.body.replace(b'{"acceptance', b'{ "acceptance')
    rewritten(entry, body_hmac=hmac.digest(entry.salt, entry.body, "sha256").hex())
    caught(check(ledger.parts()), INCLUSION, "seq 11", "canonical")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("record_id", "another"), ("record_type", "merge"), ("revision", 2), ("seq", 5),
        ("occurred_at", moment(999)), ("recorded_at", moment(999)), ("actor_kind", "agent"),
        ("via", "ui"), ("runbook_number", 7), ("runbook_version", 7), ("commit_sha", "0" * 40),
        ("organization", "other"), ("repo", None), ("repo", "payments"), ("actor", "Grace"),
    ],
)  # fmt: skip
def test_a_body_that_says_otherwise_than_its_header_is_noticed(
    ledger: Ledger, check: Check, member: str, value: object
) -> None:
    import hmac

    entry = ledger.entries[11]
    entry.body = encode_record({**json.loads(entry.body), member: value})
    rewritten(entry, body_hmac=hmac.digest(entry.salt, entry.body, "sha256").hex())
    caught(check(ledger.parts({"type": ["all"]})), INCLUSION, "seq 11")


@pytest.mark.parametrize(
    ("seq", "members"),
    [
        (4, {"status": "warn"}),
        (4, {"status": None}),
        (7, {"waiver_category": "false_positive"}),
        (8, {"is_waived": None}),
        (10, {"status": "changes_requested"}),
        (9, {"run_id": "run-2"}),
        (4, {"actor_id": pseudonym("actor", "Grace")}),
        (4, {"repo_id": pseudonym("repo", "search")}),
        (4, {"repo_id": None}),
        (7, {"repo_id": pseudonym("repo", "search"), "actor_id": pseudonym("actor", "Ada")}),
    ],
)
def test_a_header_that_hides_a_record_from_filters_contradicts_its_body(
    ledger: Ledger, check: Check, seq: int, members: dict[str, Any]
) -> None:
    rewritten(ledger.entries[seq], **members)
    caught(check(ledger.parts({"type": ["all"]})), INCLUSION, f"seq {seq}")


# -- the headers against the checkpoint and each other ---------------------------------------------


def test_headers_that_do_not_hash_to_the_signed_root_are_noticed(
    ledger: Ledger, check: Check
) -> None:
    parts = ledger.parts()
    rewritten(ledger.entries[12], status="sign_out")
    parts.headers[12] = ledger.entries[12].leaf
    caught(check(parts), INCLUSION, HEADERS, "root")


def test_the_newest_entries_cut_off_are_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    del parts.headers[-3:]
    caught(check(parts), INCLUSION, "10 headers", "counts 13")


def test_a_header_left_out_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    del parts.headers[12]
    caught(check(parts), INCLUSION, "12 headers", "counts 13")


def test_an_entry_removed_from_the_middle_leaves_a_gap(ledger: Ledger, check: Check) -> None:
    del ledger.entries[3]
    caught(check(ledger.parts()), COMPLETENESS, HEADERS, "says seq 4, expected 3")


def test_an_entry_removed_and_the_rest_renumbered_breaks_bodies_and_chains(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    earlier.write_text(ledger.checkpoint())
    del ledger.entries[3]
    for seq, entry in enumerate(ledger.entries):
        rewritten(entry, seq=seq)
    report = check(ledger.parts(), previous=[earlier])
    caught(report, COMPLETENESS, "supersedes")
    caught(report, INCLUSION, "seq is")
    caught(report, APPEND_ONLY, "13 entries, this package only 12")


def test_two_entries_swapped_are_noticed(ledger: Ledger, check: Check) -> None:
    entries = ledger.entries
    entries[4], entries[5] = entries[5], entries[4]
    caught(check(ledger.parts()), COMPLETENESS, "says seq 5, expected 4")


def test_an_entry_of_another_organization_is_noticed(ledger: Ledger, check: Check) -> None:
    rewritten(ledger.entries[12], organization=pseudonym("organization", "other"))
    caught(check(ledger.parts()), COMPLETENESS, "seq 12", "another organization")


def test_a_ledger_of_another_organization_than_claimed_is_noticed(
    ledger: Ledger, check: Check
) -> None:
    parts = ledger.parts()
    parts.manifest["organization"]["id"] = pseudonym("organization", "other")
    caught(check(parts), INCLUSION, "organization.id")


def test_an_entry_that_goes_back_in_time_is_noticed(ledger: Ledger, check: Check) -> None:
    rewritten(ledger.entries[12], recorded_at=moment(3))
    caught(check(ledger.parts()), TIME_BOUNDS, HEADERS, "line 13", "seq 12", "lies before")


@pytest.mark.parametrize(
    ("seq", "members", "words"),
    [
        (8, {"supersedes": 4}, "another record"),
        (8, {"supersedes": 99}, "no earlier entry"),
        (8, {"revision": 3}, "is revision 3 and supersedes seq 5, which is revision 1"),
        (6, {"supersedes": 2, "revision": 2}, "superseded before"),
        (8, {"revision": 1, "supersedes": None}, "has the record_id of seq 5"),
        (8, {"supersedes": None}, "every later one does"),
        (8, {"revision": 1}, "every later one does"),
        (8, {"revision": 0}, "every later one does"),
        (8, {"record_type": "waiver"}, "another record"),
    ],
)
def test_a_broken_chain_of_revisions_is_noticed(
    ledger: Ledger, check: Check, seq: int, members: dict[str, Any], words: str
) -> None:
    rewritten(ledger.entries[seq], **members)
    caught(check(ledger.parts({"type": ["all"]})), COMPLETENESS, f"seq {seq}", words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: line.replace(b'"v":1', b'"v": 1'), "canonical"),
        (lambda line: line.replace(b'"v":1', b'"v":1.0'), "v is 1.0"),
        (lambda line: line.replace(b'"v":1', b'"v":2'), "version 2"),
        (lambda line: line.replace(b'"v":1,', b""), "lacks v"),
        (lambda line: line.replace(b'"seq":11', b'"seq":"11"'), "seq is"),
        (lambda line: line[:-1], "not JSON"),
        (lambda line: b"[]", "not a JSON object"),
        (lambda line: b"", "not JSON"),
        (lambda line: line.replace(b"2026-11-20T", b"2026-13-20T"), "none"),
        (lambda line: line.replace(b"000000Z", b"000Z"), "microseconds"),
        (lambda line: line.replace(b'"via":"api"', b'"via":"api","via":"api"'), "canonical"),
        (lambda line: line.replace(b'"via":"api"', b'"via":null'), "via is None"),
        (lambda line: line.replace(b'"via":"api"', b'"via":"api","zz":1.5'), "no floats"),
        (lambda line: line.replace(b'"record_id":"', b'"record_id":"/'), "not an id"),
        (lambda line: line.replace(b'"revision":1', b'"is_waived":false,"revision":1'), ""),
    ],
)
def test_a_header_of_the_wrong_form_is_noticed(
    ledger: Ledger, check: Check, change: Callable[[bytes], bytes], words: str
) -> None:
    parts = ledger.parts()
    parts.headers[11] = change(parts.headers[11])
    resign(parts, ledger.signer)
    caught(check(parts), COMPLETENESS, HEADERS, "line 12", "seq 11", words)


def resign(parts: Parts, signer: Signer) -> None:
    """Sign the root of whatever the headers are now: all that the online key can be made to do."""
    root = root_hash([leaf_hash(line) for line in parts.headers])
    parts.note = sign_checkpoint(Checkpoint(ORIGIN, len(parts.headers), root), signer)
    parts.manifest["checkpoint"] = parts.note
    parts.manifest["ledger"]["root_hash"] = parts.note.split("\n")[2]


def test_a_header_with_members_of_a_later_version_is_read_on(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    parts.headers[11] = parts.headers[11].replace(b'"v":1', b'"unheard_of":{"a":[1]},"v":1')
    resign(parts, ledger.signer)
    assert check(parts).accepted


# -- an earlier checkpoint --------------------------------------------------------------------------


def test_a_recomputed_history_is_caught_by_an_earlier_checkpoint(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    earlier.write_text(ledger.checkpoint(9))
    again = Ledger(ledger.signer)
    for entry in ledger.entries[:1]:
        again.entries.append(entry)
    for number in range(12):
        again.add("runbook_submission", submission(number + 1, "Another history", "ab" * 20))
    parts = again.parts()
    assert check(parts).accepted  # nothing inside the package can tell
    caught(check(parts, previous=[earlier]), APPEND_ONLY, "history was rewritten")


def test_an_older_checkpoint_put_into_the_package_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    parts.note = ledger.checkpoint(9)
    report = check(parts)
    caught(report, INCLUSION, "13 headers", "counts 9")
    caught(report, COMPLETENESS, "checkpoint")


def test_a_ledger_that_became_shorter_is_noticed(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    earlier.write_text(ledger.checkpoint())
    caught(check(ledger.parts(size=9), previous=[earlier]), APPEND_ONLY, "entries were removed")


def test_an_earlier_checkpoint_by_another_key_or_of_another_ledger_is_refused(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    earlier.write_text(Ledger(Signer.generate(ORIGIN)).checkpoint())
    caught(check(ledger.parts(), previous=[earlier]), APPEND_ONLY, "not by the key you gave")
    other = Ledger(Signer("other.example", ledger.signer.private_key))
    earlier.write_text(other.checkpoint())
    caught(check(ledger.parts(), previous=[earlier]), APPEND_ONLY, "not by the key you gave")


# -- keys and the seal ------------------------------------------------------------------------------


def test_a_package_sealed_and_signed_by_another_key_is_refused(check: Check) -> None:
    from tests.support.package_builder import sample_ledger

    report = check(sample_ledger(Signer.generate(ORIGIN)).parts())
    caught(report, INCLUSION, "seal", "not by the key you gave")
    caught(report, INCLUSION, "checkpoint", "not by the key you gave")
    assert "Everything" in report.still_forgeable[0]


def test_a_dropped_record_resealed_with_another_key_is_refused(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    parts = ledger.parts()
    parts.rows.pop()
    parts.recount()
    data = sealed(packed(parts.members().items()), Signer.generate(ORIGIN))
    report = check(data)
    caught(report, INCLUSION, "seal")
    caught(report, COMPLETENESS, "missing")


def test_a_package_without_its_seal_is_refused(ledger: Ledger, check: Check) -> None:
    data = sealed(packed(ledger.parts().members().items()), ledger.signer)
    caught(check(unsealed(data)), INCLUSION, "seal")


def test_a_seal_of_another_package_is_refused(ledger: Ledger, check: Check) -> None:
    one = sealed(packed(ledger.parts().members().items()), ledger.signer)
    two = sealed(packed(ledger.parts({"repo": ["search"]}).members().items()), ledger.signer)
    end = one.rindex(b"PK\x05\x06") + 22
    other_end = two.rindex(b"PK\x05\x06") + 22
    body = one[: end - 2] + (len(two) - other_end).to_bytes(2, "little")
    caught(check(body + two[other_end:]), INCLUSION, "seal")


def test_a_checkpoint_is_no_seal(ledger: Ledger, check: Check) -> None:
    body = packed(ledger.parts().members().items())
    note = ledger.checkpoint().encode()
    data = body[:-2] + len(note).to_bytes(2, "little") + note
    caught(check(data), INCLUSION, "seal", "not in the form")


# -- members -----------------------------------------------------------------------------------------


def test_members_missing_added_doubled_or_out_of_order_are_noticed(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    parts = ledger.parts()
    members = list(parts.members().items())
    changed: list[list[tuple[str, bytes]]] = [
        members[1:],
        [member for member in members if member[0] != RECORDS],
        [member for member in members if member[0] != AUDIT_PDF],
        [*members, ("extra.txt", b"read me")],
        [*members, ("dir/", b"")],
        [members[1], members[0], *members[2:]],
    ]
    for number, content in enumerate(changed):
        path = parts.write(tmp_path / f"{number}.zip", members=content)
        caught(check(path.read_bytes()), INCLUSION, "the package holds")
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = parts.write(tmp_path / "twice.zip", members=[*members, (RECORDS, b"")])
    caught(check(path.read_bytes()), INCLUSION, "the package holds")
    path = parts.write(tmp_path / "up.zip", members=[*members, ("../up.txt", b"")])
    caught(check(path.read_bytes()), INCLUSION, "leads out of the package")


def test_an_unsealed_bomb_is_not_unpacked(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    parts.overrides[AUDIT_PDF] = bytes(300 << 20)
    data = packed(parts.members().items())
    assert len(data) < 1 << 20
    caught(check(data), INCLUSION, "would unpack to")


def test_a_digest_that_the_manifest_states_wrongly_is_noticed(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    parts = ledger.parts()
    members = parts.members()
    for member, value in (("sha256", "0" * 64), ("size_bytes", 1)):
        manifest = json.loads(members[MANIFEST])
        manifest["files"][0][member] = value
        changed = {**members, MANIFEST: json.dumps(manifest).encode()}
        path = parts.write(tmp_path / "digest.zip", members=changed.items())
        caught(check(path.read_bytes()), INCLUSION, README, "the manifest says")


def test_a_manifest_that_lists_other_files_is_noticed(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    parts = ledger.parts()
    members = parts.members()
    manifest = json.loads(members[MANIFEST])
    manifest["files"].pop()
    changed = {**members, MANIFEST: json.dumps(manifest).encode()}
    path = parts.write(tmp_path / "files.zip", members=changed.items())
    caught(check(path.read_bytes()), COMPLETENESS, "lists the files")


# -- what the manifest claims ------------------------------------------------------------------------


def claim(*keys: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(manifest: dict[str, Any]) -> None:
        target = manifest
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (claim("rows", "exported", value={"waiver": 1}), "rows.exported"),
        (claim("rows", "matching", value={"waiver": 1}), "rows.exported"),
        (claim("rows", "total_matching", value=99), "rows.total_matching"),
        (claim("rows", "total_exported", value=0), "rows.total_exported"),
        (claim("ledger", "size", value=12), "ledger.size"),
        (claim("ledger", "origin", value="other.example"), "ledger.origin"),
        (claim("ledger", "root_hash", value="AAAA"), "ledger.root_hash"),
        (claim("ledger", "first_seq", value=0), "ledger.first_seq"),
        (claim("ledger", "last_seq", value=None), "ledger.last_seq"),
        (claim("checkpoint", value="another"), "checkpoint"),
        (claim("key_id", value=Signer.generate(ORIGIN).vkey), "key_id"),
        (claim("order", value="occurred_at"), "order"),
        (claim("format", value="pdf"), "format"),
        (claim("bounds", "from", value=moment(0)), "bounds.from"),
        (claim("bounds", "rule", value="inclusive"), "bounds.rule"),
        (claim("filters", value={"repo": ["search"]}), "repo"),
        (claim("filters", value={"type": ["waiver"]}), "gives types"),
        (claim("filters", value={"status": ["fail"]}), "gives verdict_statuses"),
        (claim("filters", value={"waiver": ["accepted_risk"]}), "gives waiver_categories"),
        (claim("filters", value={"runbook": "7"}), "gives runbook_number"),
        (claim("filters", value={"run": "run-7"}), "gives run_id"),
        (claim("filters", value={"commit": "abc"}), "gives commit_prefix"),
        (claim("filters", value={"q": "secret"}), "gives text"),
        (claim("filters", value={"revisions": "all"}), "gives revisions"),
        (claim("filters", value={"date": "30d"}), "gives occurred_from"),
        (claim("filters", value={"until": "2026-11-01"}), "gives occurred_until"),
        (claim("filters", value={"date": "1y"}), "cannot be compiled"),
        (claim("filters", value={"mood": "good"}), "mood"),
        (claim("time_zone", value="Mars/Olympus"), "cannot be compiled"),
        (claim("query", "ledger_size", value=12), "query.ledger_size"),
        (claim("repos", value={"payments": pseudonym("repo", "search")}), "repos"),
    ],
)
def test_a_claim_that_the_package_does_not_bear_out_is_noticed(
    ledger: Ledger, check: Check, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    parts = ledger.parts()
    change(parts.manifest)
    caught(check(parts), COMPLETENESS, words)


def test_a_narrower_query_than_was_typed_is_noticed(ledger: Ledger, check: Check) -> None:
    """Everything fits together but the words: the reader would believe in all types."""
    parts = ledger.parts({}, types=("waiver",))
    caught(check(parts), COMPLETENESS, "the filter as typed gives types")


def test_a_repository_name_that_stands_for_another_is_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts({"repo": ["search"]})
    parts.manifest["filters"] = {"repo": ["payments"]}
    parts.manifest["repos"] = {"payments": pseudonym("repo", "search")}
    caught(check(parts), COMPLETENESS, "the records say otherwise")


@pytest.mark.parametrize(
    "manifest",
    [
        b"", b"{}", b"[]", b"nonsense", b'{"format_version":2}', b'{"format_version":1}',
        b'{"format_version":1,"format_version":1}', b"\xff", b"[" * 100_000,
    ],
)  # fmt: skip
def test_an_unreadable_manifest_is_noticed(ledger: Ledger, check: Check, manifest: bytes) -> None:
    parts = ledger.parts()
    parts.overrides[MANIFEST] = manifest
    caught(check(parts), INCLUSION, "manifest.json")


def test_every_member_of_the_manifest_may_be_missing_without_a_crash(
    ledger: Ledger, check: Check
) -> None:
    members = json.loads(ledger.parts().members()[MANIFEST])
    free = {"system", "export_id", "requested_by", "requested_role", "via"}
    for name in members.keys() - free:
        values: tuple[Any, ...] = (None, [], {}, "text", 7)
        for value in values:
            parts = ledger.parts()
            parts.overrides[MANIFEST] = json.dumps({**members, name: value}).encode()
            assert check(parts).exit_code == 1 or members[name] == value, (name, value)


# -- the other formats ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"Search faster", b"Search slower"),
        lambda data: data.replace(b',\n{"acceptance', b',\n {"acceptance', 1)[:-3],
        lambda data: data.replace(b'"total_exported": 7', b'"total_exported": 6'),
        lambda data: data.replace(b'],"manifest"', b',{}],"manifest"'),
        lambda data: data[: data.index(b'\n],"manifest"')] + b"]}",
        lambda data: data + b"{}",
        lambda data: b"",
        lambda data: b"{}",
        lambda data: b'{"manifest":{},"records":[]}',
        lambda data: data.replace(b'"sha256": "', b'"sha256": "0', 1),
    ],
)
def test_a_json_document_that_differs_from_the_records_is_noticed(
    ledger: Ledger, check: Check, change: Callable[[bytes], bytes]
) -> None:
    parts = ledger.parts()
    original = parts.members()[AUDIT_JSON]
    parts.overrides[AUDIT_JSON] = change(original)
    assert original != parts.overrides[AUDIT_JSON]
    caught(check(parts), COMPLETENESS, AUDIT_JSON)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"Search faster", b"Search slower"),
        lambda data: data[: data.rindex(b"\r\n", 0, -2) + 2],
        lambda data: data + data[data.rindex(b"\r\n", 0, -2) + 2 :],
        lambda data: data.replace(b"'=Pay", b"=Pay"),
        lambda data: data.replace(b",accepted_risk,", b",false_positive,"),
        lambda data: data.replace(b"record_id,", b"record_id2,", 1),
        lambda data: data.replace(b"revision,", b"seq,", 1),
        lambda data: data.replace(b"true", b"false", 1),
        lambda data: data.replace(b"main", b"\xff\xfe", 1),
        lambda data: data + b'"unclosed',
        lambda data: b"",
        lambda data: data.split(b"\r\n")[0] + b"\r\n",
    ],
)
def test_a_table_that_differs_from_the_records_is_noticed(
    ledger: Ledger, check: Check, change: Callable[[bytes], bytes]
) -> None:
    parts = ledger.parts()
    original = parts.members()[AUDIT_CSV]
    parts.overrides[AUDIT_CSV] = change(original)
    assert original != parts.overrides[AUDIT_CSV]
    caught(check(parts), COMPLETENESS, AUDIT_CSV)


def test_a_table_that_leaves_out_a_column_is_noticed(ledger: Ledger, check: Check) -> None:
    import csv
    import io

    parts = ledger.parts()
    rows = list(csv.reader(io.StringIO(parts.members()[AUDIT_CSV].decode(), newline="")))
    at = rows[0].index("reason")
    text = io.StringIO(newline="")
    csv.writer(text).writerows([row[:at] + row[at + 1 :] for row in rows])
    parts.overrides[AUDIT_CSV] = text.getvalue().encode()
    caught(check(parts), COMPLETENESS, "no column for reason")


def test_records_without_their_last_newline_are_noticed(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    parts.overrides[RECORDS] = parts.members()[RECORDS][:-1]
    caught(check(parts), INCLUSION, "cut short")


def test_failures_are_listed_in_part_and_counted_in_full(ledger: Ledger, check: Check) -> None:
    for number in range(60):
        ledger.add("runbook_submission", submission(number + 5, "One of many", "ab" * 20))
    parts = ledger.parts()
    total = len(parts.rows)
    parts.rows.clear()
    parts.recount()
    verdict = check(parts).verdict(ERASURES)
    assert (20, total) == (len(verdict.failures), verdict.failure_count)


def test_the_reader_of_other_tools_sees_the_same_members(ledger: Ledger, tmp_path: Path) -> None:
    path = ledger.parts().write(tmp_path / "evidence.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == README
