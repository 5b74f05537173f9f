"""CSV (RFC 4180): one header row, dotted columns for nested values, formulas neutralised.

The column order and the spelling of every cell are part of the contract; `affidavit import` reads them back.
A line is one format string per record type: the commas of the columns that a type lacks are in it already,
so the work per record grows with the type's own columns and not with the union's. The tests hold this equal
to Python's csv module over the plain definition in `records.columns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any

import orjson

from affidavit.exports.json_lines import Tally
from affidavit.records.columns import FORMULA_STARTS, Column, Guard, columns_for, guarded
from affidavit.records.types import RecordType

LINE_END = "\r\n"

Body = dict[str, Any]


def render_csv(
    blocks: Iterable[bytes], tally: Tally, *, types: tuple[str, ...], formula_guard: bool
) -> Iterator[bytes]:
    """Yield the table: the columns of `types`, one row a record, lines ended by CR LF.

    One type gives the envelope and exactly that type's columns; several give the envelope, then the union.
    """
    columns = columns_for(types)
    yield (",".join(column.name for column in columns) + LINE_END).encode()
    guard = guarded if formula_guard else _as_it_is
    line_of = {
        name: _line_maker(name, columns, guard) for name in types or tuple(map(str, RecordType))
    }
    for block in blocks:
        tally.add(block)
        bodies = map(orjson.loads, block[:-1].split(b"\n"))
        yield "".join([line_of[body["record_type"]](body) for body in bodies]).encode()
    tally.check()


def _as_it_is(text: str) -> str:
    return text


def _line_maker(record_type: str, columns: list[Column], guard: Guard) -> Callable[[Body], str]:
    """Return a function from a body of this type to its line; all that can be decided once is, here.

    Nearly every text is clean, so all of a record's texts are examined as one; only where something is
    found is each cell looked at alone.
    """
    own = {column.name for column in columns_for((record_type,))}
    line = ",".join("%s" if column.name in own else "" for column in columns) + LINE_END
    mine = [column for column in columns if column.name in own]
    members = itemgetter(*(column.member for column in mine))
    special = [(at, write) for at, column in enumerate(mine) if (write := _special(column))]
    texts = [at for at, column in enumerate(mine) if column.is_text]
    texts_of = itemgetter(*texts)

    def line_of(body: Body) -> str:
        cells = ["" if value is None else value for value in members(body)]
        for at, write in special:
            if cells[at] != "":
                cells[at] = write(cells[at])
        found = texts_of(cells)
        if _must_quote("".join(found)) or not FORMULA_STARTS.isdisjoint(
            [text[:1] for text in found]
        ):
            for at in texts:
                cells[at] = _quoted(guard(cells[at]))
        return line % tuple(cells)

    return line_of


def _special(column: Column) -> Callable[[Any], str] | None:
    """Return what spells a value that is neither text nor number; None for those."""
    if column.is_boolean:
        return lambda value: "true" if value else "false"
    if column.read is None:
        return None
    read = column.read
    if column.is_text:
        return lambda value: str(read(value, _as_it_is))
    return lambda value: _quoted(str(read(value, _as_it_is)))


def _must_quote(text: str) -> bool:
    # Four searches for one character are several times as fast as one regular expression.
    return '"' in text or "," in text or "\n" in text or "\r" in text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _must_quote(text) else text
