"""The other formats in a package, compared with its records while these are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from affidavit.proof.errors import ProofError
from affidavit.proof.package_manifest import Manifest, inner_differences, read_json
from affidavit.proof.package_streams import Document, Tap, csv_rows
from affidavit.proof.report import COMPLETENESS, Findings

# Signs that start a formula in a spreadsheet; a text that begins with one has an apostrophe before
# it, as has a text that begins with an apostrophe itself.
_FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20'")

_Plan = tuple[list[tuple[str, int, str, str | None]], list[int]]
"""Which columns a kind of record fills (name, index, member, part), and which stay empty."""


class JsonTable:
    """Follows `audit.json`: its records must be the lines of `records.ndjson`, verbatim."""

    def __init__(self, tap: Tap, manifest: Manifest, findings: Findings) -> None:
        """Open the document."""
        self._tap, self._manifest, self._findings = tap, manifest, findings
        self._document = Document(tap)
        self._is_open = True
        self._attempt(self._document.open)

    def take(self, line: bytes) -> None:
        """Compare the next record."""
        if self._is_open:
            self._attempt(lambda: self._document.record(line))

    def close(self) -> None:
        """Check that nothing follows but a manifest that agrees with the package's."""
        if self._is_open:
            self._attempt(self._close)

    def _close(self) -> None:
        inner = read_json(self._document.close(), what=f"{self._tap.name}: its manifest")
        for difference in inner_differences(self._manifest.value, inner):
            self._findings.fail(COMPLETENESS, difference, member=self._tap.name)
        for entry in inner.get("files", []) if isinstance(inner, dict) else []:
            name = entry.get("name") if isinstance(entry, dict) else None
            listed = self._manifest.files.get(str(name))
            if listed is None or listed != (entry.get("sha256"), entry.get("size_bytes")):
                message = f"its manifest lists {name!r} otherwise than manifest.json"
                self._findings.fail(COMPLETENESS, message, member=self._tap.name)

    def _attempt(self, step: Any) -> None:
        try:
            step()
        except ProofError as error:
            # The first difference; after it every later record would differ as well.
            self._is_open = False
            self._findings.fail(COMPLETENESS, str(error))


class CsvTable:
    """Follows `audit.csv`: one row a record, in order, each cell as the record has it."""

    def __init__(self, tap: Tap, manifest: Manifest, findings: Findings) -> None:
        """Read the header row."""
        self._tap, self._findings = tap, findings
        self._guard = manifest.formula_guard
        self._rows = csv_rows(tap)
        self._row = 1
        self._columns: list[tuple[str, str, str | None]] = []
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._is_open = True
        names = self._next()
        if names is None or len(set(names)) != len(names):
            self._stop("has no header row, or names a column twice")
            return
        self._columns = [_path(name) for name in names]

    def take(self, body: Mapping[str, Any]) -> None:
        """Compare the next row."""
        row = self._next()
        if not self._is_open:
            return
        if row is None or len(row) != len(self._columns):
            self._stop(
                f"row {self._row}: expected record {body.get('record_id')!r}, {self._found(row)}"
            )
            return
        filled, empty = self._plans.get(tuple(body)) or self._plan(body)
        for name, index, member, part in filled:
            cell, value = row[index], body[member]
            if part is not None and value is not None:
                value = value.get(part) if isinstance(value, dict) else None
            if cell == value and cell[:1] not in _FORMULA_STARTS:
                continue  # the usual cell; the guard has nothing to do here
            if not self._agrees(cell, value):
                self._differs(name, cell, value)
        if "".join([row[index] for index in empty]):
            for index in empty:
                if row[index]:
                    self._differs(self._columns[index][0], row[index], None)

    def close(self) -> None:
        """Check that no row follows."""
        if self._next() is not None and self._is_open:
            self._stop(f"row {self._row}: a row without a record")

    def _plan(self, body: Mapping[str, Any]) -> _Plan:
        """Decide once for all records with these members which columns they fill.

        A table that leaves out a member of its records is refused.
        """
        missing = body.keys() - {member for _, member, _ in self._columns}
        if missing:
            self._fail(f"row {self._row}: there is no column for {', '.join(sorted(missing))}")
        columns = list(enumerate(self._columns))
        plan = (
            [(name, at, member, part) for at, (name, member, part) in columns if member in body],
            [at for at, (_, member, _) in columns if member not in body],
        )
        self._plans[tuple(body)] = plan
        return plan

    def _differs(self, name: str, cell: str, value: Any) -> None:
        self._fail(
            f"row {self._row}, column {name} says {cell!r:.80}, the record says {value!r:.80}"
        )

    def _agrees(self, cell: str, value: Any) -> bool:
        if value is None:
            return cell == ""
        if value is True or value is False:
            return cell == ("true" if value else "false")
        if type(value) is str:
            if cell == value and not (self._guard and value[:1] in _FORMULA_STARTS and value):
                return True
            guarded = "'" + value if value and value[0] in _FORMULA_STARTS else value
            return (self._guard and cell == guarded) or cell == _json(value)
        if type(value) is int:
            return cell == str(value)
        return cell == _json(value)

    def _next(self) -> list[str] | None:
        if not self._is_open:
            return None
        self._row += 1
        try:
            return next(self._rows, None)
        except ProofError as error:
            self._is_open = False
            self._findings.fail(COMPLETENESS, str(error))
            return None

    def _found(self, row: list[str] | None) -> str:
        return "found the end" if row is None else f"found {len(row)} cells of {len(self._columns)}"

    def _stop(self, message: str) -> None:
        self._is_open = False
        self._fail(message)

    def _fail(self, message: str) -> None:
        self._findings.fail(COMPLETENESS, message, member=self._tap.name)


def _path(name: str) -> tuple[str, str, str | None]:
    member, dot, part = name.partition(".")
    return name, member, part if dot else None


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
