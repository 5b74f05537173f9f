"""Files of records, one record after the other, each with the place where it stands."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affidavit.kit.errors import InvalidInput
from affidavit.proof.canonical import decode_record
from affidavit.proof.errors import ProofError
from affidavit.records.columns import body_of_row

_OPENINGS = (b'{"records":[\n', b'{"records":[\r\n')


@dataclass(frozen=True)
class Found:
    """A record as a file states it, or why it can't be read. `place` is such as 'line 7'."""

    place: str
    body: dict[str, Any] | None
    problem: str | None = None


def read_records(path: Path, *, formula_guard: bool | None = None) -> Iterator[Found]:
    """Yield the records of a JSON document, newline-delimited JSON or CSV file of ours, in order.

    `formula_guard` says whether the CSV's cells were neutralised; None takes it from the manifest beside
    the file, and without one assumes the product's default, which is yes.

    Raises:
        InvalidInput: the file is empty, not UTF-8, or none of these formats.
    """
    with path.open("rb") as file:
        first = file.readline(1 << 20)
    if not first:
        raise InvalidInput(f"{path} is empty. Give a JSON, NDJSON or CSV file that was exported.")
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"record_id,") or b",record_id," in start.split(b"\n")[0][:2000]:
        guard = _guard_of(path) if formula_guard is None else formula_guard
        return _read_csv(path, guard)
    if first in _OPENINGS:
        return _read_document_lines(path)
    if start.startswith((b"{", b"[")):
        return _read_lines(path) if _is_whole_object(first) else _read_document(path)
    raise InvalidInput(
        f"{path} is neither JSON nor our CSV: it begins with {first[:40]!r}. Give a file that"
        " `affidavit export` wrote as json, ndjson or csv."
    )


def strict_json(text: str | bytes) -> Any:
    """Read JSON, refusing what a record can't hold: duplicate keys, floats, NaN and infinities.

    Raises:
        ValueError: it is not such JSON.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            names = [name for name, _ in items]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"the member {twice!r} stands there twice")
        return value

    def refuse(text: str) -> Any:
        raise ValueError(f"the number {text[:40]} is not an integer; records hold no others")

    return json.loads(text, object_pairs_hook=pairs, parse_float=refuse, parse_constant=refuse)


def _is_whole_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict) and not line.lstrip().startswith(b'{"records"')
    except ValueError:
        return False


def _parse(place: str, line: bytes) -> Found:
    try:
        return Found(place, decode_record(line))
    except ProofError:
        pass  # not in canonical form: other tools' JSON is welcome if it is unambiguous
    try:
        value = strict_json(line.decode())
    except (ValueError, RecursionError) as error:
        return Found(place, None, f"not JSON that can be recorded: {error}")
    if not isinstance(value, dict):
        return Found(place, None, "not a JSON object")
    return Found(place, value)


def _read_lines(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _parse(f"line {number}", line.rstrip(b"\r\n"))


def _read_document_lines(path: Path) -> Iterator[Found]:
    """Read our own document line by line, in constant memory; it must end as we end it."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number == 1 or not line.strip():
                continue
            if line.startswith(b"]"):
                yield from _ending(number, line + file.read())
                return
            yield _parse(f"line {number}", line.rstrip(b"\r\n").removesuffix(b","))
    yield Found("the end", None, "the document was cut short: its records do not end")


def _ending(number: int, rest: bytes) -> Iterator[Found]:
    try:
        json.loads(b'{"records":[' + rest)
    except ValueError as error:
        yield Found(f"line {number}", None, f"the document was cut short or damaged: {error}")


def _read_document(path: Path) -> Iterator[Found]:
    """Read any other JSON document: an array of records, or an object with `records`."""
    try:
        value = strict_json(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is not JSON that can be recorded: {error}") from error
    records = value.get("records") if isinstance(value, dict) else value
    if not isinstance(records, list):
        raise InvalidInput(f"{path} holds no list of records.")
    for number, item in enumerate(records, start=1):
        if isinstance(item, dict):
            yield Found(f"record {number}", item)
        else:
            yield Found(f"record {number}", None, "not a JSON object")


def _guard_of(path: Path) -> bool:
    sidecar = path.with_name(path.name + ".manifest.json")
    if not sidecar.is_file():
        return True
    try:
        return bool(json.loads(sidecar.read_bytes())["csv"]["formula_guard"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{sidecar} is not a manifest of ours: {error!r}") from error


def _read_csv(path: Path, guard: bool) -> Iterator[Found]:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        names = next(reader)
        if len(set(names)) != len(names):
            raise InvalidInput(f"{path}: a column stands there twice")
        while True:
            before = reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as error:
                yield Found(f"line {before + 1}", None, f"not CSV that can be read: {error}")
                return
            if cells:
                yield _row(f"line {before + 1}", names, cells, guard)


def _row(place: str, names: list[str], cells: list[str], guard: bool) -> Found:
    if len(cells) != len(names):
        return Found(place, None, f"has {len(cells)} cells, but the header row has {len(names)}")
    try:
        return Found(place, body_of_row(dict(zip(names, cells, strict=True)), formula_guard=guard))
    except InvalidInput as error:
        return Found(place, None, error.message)
