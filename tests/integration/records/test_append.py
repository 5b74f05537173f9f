"""`records.append`: one way in, in the transaction of the change, in ledger order, or not at all."""

from __future__ import annotations

import hmac
from datetime import timedelta

import orjson
import pytest
from django.db import DatabaseError, connection, transaction

from affidavit.kit.errors import Conflict, InvalidInput
from affidavit.ledger import keys
from affidavit.ledger.models import Checkpoint, Entry, Head
from affidavit.ledger.services import checkpoint_sign
from affidavit.proof.canonical import encode
from affidavit.proof.checkpoint import open_checkpoint
from affidavit.proof.merkle import leaf_hash, root_hash
from affidavit.records.models import Record
from affidavit.records.services import append
from affidavit.records.types import RecordType
from tests.support.trail import SHA, T0, Trail, run_fields, submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail() -> Trail:
    return Trail()


def entries(trail: Trail) -> list[Entry]:
    return list(Entry.objects.filter(organization=trail.organization).order_by("seq"))


def test_the_stored_bytes_are_canonical_and_the_header_commits_to_the_body(trail: Trail) -> None:
    trail.change(1, reason='quotes " \\ newline \n tab \t é 😀 \u202e \x7f \u2028')
    for entry in entries(trail):
        header, body = orjson.loads(entry.header), orjson.loads(entry.body or "")
        assert entry.header.encode() == encode(header)
        assert (entry.body or "").encode() == encode(body)
        digest = hmac.digest(bytes(entry.salt or b""), (entry.body or "").encode(), "sha256")
        assert header["body_hmac"] == digest.hex()
        assert bytes(entry.leaf_hash) == leaf_hash(entry.header.encode())
        assert len(bytes(entry.salt or b"")) == 32
    assert len({bytes(entry.salt or b"") for entry in entries(trail)}) == len(entries(trail))


def test_seq_is_dense_from_zero_and_the_checkpoint_signs_the_root_over_all_headers(
    trail: Trail,
) -> None:
    trail.change(1)
    found = entries(trail)
    assert [entry.seq for entry in found] == list(range(len(found)))
    signed = checkpoint_sign(organization=trail.organization, now=T0)
    vkey = keys.signer(organization=trail.organization).vkey
    statement, _ = open_checkpoint(signed.note, [vkey])
    assert statement.size == len(found)
    assert statement.root == root_hash([leaf_hash(entry.header.encode()) for entry in found])
    assert checkpoint_sign(organization=trail.organization, now=T0).note == signed.note
    assert Checkpoint.objects.count() == 1


def test_a_header_never_holds_a_name_or_free_text(trail: Trail) -> None:
    trail.change(1, title="Secret title", reason="Secret reason", waive="accepted_risk")
    text = "\n".join(entry.header for entry in entries(trail))
    for word in ('"ada"', "Secret", "acme/shop", "shop.py", "It sells", "change-1"):
        assert word not in text


def test_a_later_fact_is_a_new_revision_that_supersedes_the_one_before(trail: Trail) -> None:
    trail.change(1)
    runs = Record.objects.filter(organization=trail.organization, record_type="verification_run")
    first, second = runs.order_by("revision")
    assert (first.revision, first.superseded_by) == (1, second.seq)
    assert (second.revision, second.superseded_by) == (2, None)
    header = orjson.loads(entries(trail)[second.seq].header)
    assert header["supersedes"] == first.seq


def test_time_never_goes_back_though_the_clock_does(trail: Trail) -> None:
    trail.append(
        trail.draft(RecordType.RUNBOOK_SUBMISSION, submission(1, "A", T0, SHA, "ada")), now=T0
    )
    late = trail.append(
        trail.draft(RecordType.RUNBOOK_SUBMISSION, submission(2, "B", T0, SHA, "ada")),
        now=T0 - timedelta(hours=1),
    )
    assert late[0].body["recorded_at"] == "2026-03-01T12:00:00.000000Z"


def test_without_a_transaction_nothing_can_be_appended(transactional_db: None) -> None:
    trail = Trail()
    draft = trail.draft(RecordType.RUNBOOK_SUBMISSION, submission(1, "A", T0, SHA, "ada"))
    with pytest.raises(RuntimeError, match="transaction"):
        append(organization=trail.organization, drafts=[draft], now=T0)


def test_the_record_goes_when_its_change_is_rolled_back(trail: Trail) -> None:
    before = len(entries(trail))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        trail.change(1)
        raise ZeroDivisionError
    assert len(entries(trail)) == before
    assert Head.objects.get(organization=trail.organization).size == before


def test_the_same_record_id_twice_is_refused_and_nothing_is_written(trail: Trail) -> None:
    one = trail.draft(
        RecordType.RUNBOOK_SUBMISSION, submission(1, "A", T0, SHA, "ada"), record_id="x"
    )
    before = len(entries(trail))
    with pytest.raises(Conflict, match="recorded already"):
        trail.append(one, one)
    assert len(entries(trail)) == before


def test_revising_what_is_not_recorded_is_refused(trail: Trail) -> None:
    with pytest.raises(Conflict, match="not recorded yet"):
        trail.append(
            trail.draft(
                RecordType.VERIFICATION_RUN, run_fields("r1", 1, SHA), record_id="r1", revises=True
            )
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": "  "}, "title"),
        ({"title": "nul \x00"}, "NUL"),
        ({"title": "surrogate \ud800"}, "title"),
        ({"runbook_number": 2**53}, "runbook_number"),
        ({"runbook_number": 1.0}, "runbook_number"),
        ({"runbook_number": True}, "runbook_number"),
        ({"commit_sha": "zz"}, "commit_sha"),
        ({"submitted_at": "yesterday"}, "submitted_at"),
        ({"submitted_at": "2026-01-01T00:00:00.1234567Z"}, "submitted_at"),
        ({"acceptance_criteria": [""]}, "acceptance_criteria"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_draft_that_breaks_its_shape_is_refused_by_field(
    trail: Trail, change: dict[str, object], said: str
) -> None:
    before = len(entries(trail))
    fields = submission(1, "A", T0, SHA, "ada") | change
    with pytest.raises(InvalidInput, match=said):
        trail.append(trail.draft(RecordType.RUNBOOK_SUBMISSION, fields))
    assert len(entries(trail)) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "passed"}, "every criterion"),
        ({"criteria_failed": 1}, "criteria_total"),
        ({"error_message": "broke"}, "error_message"),
        ({"completed_at": None}, "completed_at"),
        ({"completed_at": T0 - timedelta(days=1)}, "before started_at"),
    ],
)
def test_a_run_that_does_not_add_up_is_refused(
    trail: Trail, change: dict[str, object], said: str
) -> None:
    fields = run_fields("r1", 1, SHA, status="failed", at=T0) | change
    with pytest.raises(InvalidInput, match=said):
        trail.append(trail.draft(RecordType.VERIFICATION_RUN, fields, record_id="r1"))


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_checkpoint"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET organization_id = organization_id", "DELETE FROM {table}"]
)
def test_the_database_refuses_to_change_or_delete_entries_and_checkpoints(
    trail: Trail, table: str, statement: str
) -> None:
    checkpoint_sign(organization=trail.organization, now=T0)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement.format(table=table))


@pytest.mark.postgresql
def test_postgresql_refuses_to_truncate_the_ledger(trail: Trail) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SET CONSTRAINTS ALL IMMEDIATE"
            )  # else their pending checks refuse first
            cursor.execute("TRUNCATE ledger_entry CASCADE")
