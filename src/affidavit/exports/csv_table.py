"""CSV (RFC 4180): one header row, dotted columns for nested values, formulas neutralised.

The column order and the spelling of every cell are part of the contract; `affidavit import` reads them back.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from affidavit.exports.json_lines import Tally
from affidavit.records.columns import Column, columns_for, guarded

Row = dict[str, Any]


class _Lines:
    """A file that csv.writer writes to; `take` returns what came since."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.write = self._parts.append

    def take(self) -> bytes:
        text = "".join(self._parts)
        self._parts.clear()
        return text.encode()


def render_csv(
    blocks: Iterable[bytes], tally: Tally, *, types: tuple[str, ...], formula_guard: bool
) -> Iterator[bytes]:
    """Yield the table: the columns of `types`, one row a record, lines ended by CR LF.

    One type gives the envelope and exactly that type's columns; several give the envelope, then the union.
    """
    columns = columns_for(types)
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    yield lines.take()
    row_of = _row_maker(columns, formula_guard)
    for block in blocks:
        tally.add(block)
        writer.writerows([row_of(orjson.loads(line)) for line in block[:-1].split(b"\n")])
        yield lines.take()
    tally.check()


def _row_maker(columns: list[Column], formula_guard: bool) -> Callable[[Row], list[Any]]:
    """Return a function from a body to its cells; the work per cell is decided once, here."""
    plain = [column for column in columns]
    guard = guarded if formula_guard else str

    def row_of(body: Row) -> list[Any]:
        get = body.get
        cells: list[Any] = []
        add = cells.append
        for column in plain:
            value = get(column.member)
            if value is None:
                add("")
            elif column.read is not None:
                add(column.read(value, guard))
            elif value is True or value is False:
                add("true" if value else "false")
            elif column.is_text:
                add(guard(value))
            else:
                add(value)
        return cells

    return row_of
