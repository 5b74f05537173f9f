"""How a record becomes a row of a table, and back: columns, dotted names, and the formula guard.

A spreadsheet runs a cell that begins like a formula. The guard puts one apostrophe before such a text, and
before one that begins with an apostrophe itself, so that taking one apostrophe away undoes it exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from affidavit.kit.errors import InvalidInput
from affidavit.records.shapes import ENVELOPE, fields_of
from affidavit.records.types import RecordType

# OWASP, CSV Injection: the signs, their full-width forms, and white space that programs skip.
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠'")

Guard = Callable[[str], str]

NESTED: dict[str, tuple[str, ...]] = {
    "branch": ("target", "working"),
    "changes": ("added", "changed", "removed"),
    "location": ("file", "start_line", "end_line"),
}
JSON_CELLS = frozenset(
    {
        "acceptance_criteria", "evidence", "filters", "row_counts", "digests", "record_ids", "from", "to",
        "changes.added", "changes.changed", "changes.removed",
    }
)  # fmt: skip
INTEGERS = frozenset(
    {
        "revision", "seq", "runbook_number", "runbook_version", "criteria_total", "criteria_passed",
        "criteria_failed", "criteria_skipped", "criteria_waived", "ordinal", "ledger_size",
        "location.start_line", "location.end_line",
    }
)  # fmt: skip
PLAIN = frozenset(
    {
        "record_type", "occurred_at", "recorded_at", "actor_kind", "via", "submitted_at", "commit_sha",
        "trigger_source", "status", "started_at", "completed_at", "waived_at", "category",
        "criterion_hash", "expires_at", "decision", "decided_at", "merge_commit_sha",
    }
)  # fmt: skip
BOOLEANS = frozenset({"is_invariant", "is_waived", "bypassed"})


@dataclass(frozen=True)
class Column:
    """One column: its public name and how its cell is read from a body's member."""

    name: str
    member: str
    is_text: bool
    is_boolean: bool = False
    read: Callable[[Any, Guard], Any] | None = None


def guarded(text: str) -> str:
    """Return a text as a spreadsheet will show it, whatever it begins with."""
    return "'" + text if text and text[0] in FORMULA_STARTS else text


def unguarded(cell: str) -> str:
    """Undo `guarded`."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in FORMULA_STARTS else cell


def columns_for(types: tuple[str, ...]) -> list[Column]:
    """Return the envelope's columns, then the union of the types' own; no types stand for all of them."""
    chosen = [RecordType(name) for name in types] or list(RecordType)
    members = dict.fromkeys(member for record_type in chosen for member in fields_of(record_type))
    return [
        column for member in dict.fromkeys((*ENVELOPE, *members)) for column in _columns(member)
    ]


def _columns(member: str) -> list[Column]:
    if member in NESTED:
        return [
            Column(f"{member}.{part}", member, True, read=_nested_reader(member, part))
            for part in NESTED[member]
        ]
    if member in JSON_CELLS:
        return [Column(member, member, False, read=lambda value, guard: _json(value))]
    if member in BOOLEANS:
        return [Column(member, member, False, is_boolean=True)]
    # Times, digests and words of a closed vocabulary can neither be formulas nor need quotes.
    return [Column(member, member, member not in INTEGERS and member not in PLAIN)]


def _nested_reader(member: str, part: str) -> Callable[[Any, Guard], Any]:
    name = f"{member}.{part}"

    def read(value: Mapping[str, Any], guard: Guard) -> Any:
        inner = value.get(part)
        if inner is None:
            return ""
        if name in JSON_CELLS:
            return _json(inner)
        return inner if name in INTEGERS else guard(inner)

    return read


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def body_of_row(row: Mapping[str, str], *, formula_guard: bool) -> dict[str, Any]:
    """Read a row of our CSV back into the record that it was.

    Raises:
        InvalidInput: an unknown record type, a missing column, or a cell of the wrong form.
    """
    try:
        record_type = RecordType(row["record_type"])
    except (KeyError, ValueError) as error:
        raise InvalidInput(
            f"record_type {row.get('record_type', '')[:60]!r} is not one of ours"
        ) from error
    body: dict[str, Any] = {}
    for member in (*ENVELOPE, *fields_of(record_type)):
        if member in NESTED:
            parts = {part: _cell(row, f"{member}.{part}", formula_guard) for part in NESTED[member]}
            absent = member != "branch" and all(value is None for value in parts.values())
            body[member] = None if absent else parts
        else:
            body[member] = _cell(row, member, formula_guard)
    return _filled(record_type, body)


def _cell(row: Mapping[str, str], name: str, formula_guard: bool) -> Any:
    if name not in row:
        raise InvalidInput(f"column {name} is missing")
    cell = row[name]
    if cell == "":
        return None
    try:
        if name in INTEGERS:
            return int(cell)
        if name in BOOLEANS:
            return {"true": True, "false": False}[cell]
        if name in JSON_CELLS:
            return orjson.loads(cell)
    except (ValueError, KeyError) as error:
        raise InvalidInput(f"column {name}: {cell[:60]!r} can't be read") from error
    return unguarded(cell) if formula_guard else cell


# Texts that may be empty but never null: an empty cell is the empty text.
_EMPTY_TEXT = {RecordType.RUNBOOK_SUBMISSION: "intent", RecordType.VERIFICATION_RESULT: "reason"}


def _filled(record_type: RecordType, body: dict[str, Any]) -> dict[str, Any]:
    name = _EMPTY_TEXT.get(record_type)
    if name is not None and body[name] is None:
        body[name] = ""
    return body
