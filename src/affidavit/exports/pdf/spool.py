"""Share the records out over volumes, on disk: memory stays the same for any number of records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

# What a volume may hold, in bytes of record bodies; each record counts RECORD_WEIGHT more for its labels.
# typst keeps a whole document in memory, about 80 bytes for each of these; two volumes are made at once.
# See docs/decisions on the layout of the PDF.
VOLUME_WEIGHT = 1_700_000
RECORD_WEIGHT = 250
LINE_WEIGHT = 40  # a line of its own costs as much as that many characters

Records = Callable[[str], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Section:
    """A run of records of one type in one volume: how many, from which seq to which."""

    record_type: str
    count: int
    first_seq: int
    last_seq: int


@dataclass(slots=True)
class Volume:
    """One volume's records: a file of bodies, one a line, in printed order."""

    path: Path
    sections: list[Section] = field(default_factory=list)
    sha256: str = ""
    size_bytes: int = 0

    @property
    def count(self) -> int:
        """How many records the volume holds."""
        return sum(section.count for section in self.sections)


def spool(records: Records, record_types: Iterable[str], *, directory: Path) -> list[Volume]:
    """Write all records to files under `directory`, by type, in the order given, and return the volumes.

    At least one volume is returned, empty where nothing matches.
    """
    writer = _Writer(directory)
    try:
        for record_type in record_types:
            for body in _bodies(records(record_type)):
                writer.add(record_type, body)
    finally:
        writer.close()
    return writer.volumes


def _bodies(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield single bodies: a block holds one or several whole lines (JCS escapes every line end)."""
    for block in blocks:
        yield from block.split(b"\n") if b"\n" in block else (block,)


class _Writer:
    """Fills one volume after the other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._weight = 0
        self._run: list[Any] = []  # record type, count, first body, last body
        self.volumes: list[Volume] = []
        self._open()

    def add(self, record_type: str, body: bytes) -> None:
        if not body:
            return
        weight = RECORD_WEIGHT + len(body) + LINE_WEIGHT * body.count(b"\\n")
        if self._weight and self._weight + weight > VOLUME_WEIGHT:
            self.close()
            self._open()
        if not self._run or self._run[0] != record_type:
            self._end_section()
            self._run = [record_type, 0, body, body]
        self._run[1] += 1
        self._run[3] = body
        line = body + b"\n"
        assert self._file is not None
        self._file.write(line)
        self._digest.update(line)
        self._weight += weight
        self.volumes[-1].size_bytes += len(line)

    def close(self) -> None:
        """End the volume."""
        if self._file is None:
            return
        self._end_section()
        self._file.close()
        self._file = None
        self.volumes[-1].sha256 = self._digest.hexdigest()

    def _open(self) -> None:
        folder = self._directory / f"volume-{len(self.volumes) + 1:03d}"
        folder.mkdir()
        self.volumes.append(Volume(folder / f"records-{len(self.volumes) + 1:03d}.ndjson"))
        self._file = self.volumes[-1].path.open("wb")
        self._digest = hashlib.sha256()
        self._weight = 0

    def _end_section(self) -> None:
        if self._run:
            record_type, count, first, last = self._run
            section = Section(
                record_type, count, orjson.loads(first)["seq"], orjson.loads(last)["seq"]
            )
            self.volumes[-1].sections.append(section)
        self._run = []
