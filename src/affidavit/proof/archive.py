"""A strict reader of ZIP files: one that sees what every other reader sees, or refuses.

ZIP says some things twice (in the central directory and before each member) and lets readers look
for members anywhere.  Here both must agree, and the members must fill the file from its first byte
without a gap, so that there is no room for a second reading.  Nothing is extracted to disk.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from affidavit.proof.errors import CannotCheck, ProofError

CHUNK = 1 << 20

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF
_MAX_DIRECTORY = 16 << 20
_DESCRIPTOR_FLAG = 0x0008
_FLAGS = _DESCRIPTOR_FLAG | 0x0800 | 0x0006  # descriptor, UTF-8 names, deflate level
_STORED, _DEFLATED = 0, 8
_MAX_RATIO = 1032  # what deflate can reach at most


@dataclass(frozen=True)
class Member:
    """One file in the archive: sizes in bytes, `start` is where its data begin."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    header: int
    start: int


class Archive:
    """An open ZIP file: its members in file order, and its archive comment.

    Raises CannotCheck where the file is not such an archive, ProofError where it contradicts itself.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Read the directory and check that it accounts for every byte of the file."""
        self._file = file
        self._size = file.seek(0, 2)
        end = self._find_end()
        self.sealed_size = end + _END.size
        self.comment = self._read(self.sealed_size, self._size - self.sealed_size)
        start, length, count = self._directory_place(end)
        if length > _MAX_DIRECTORY:
            raise ProofError(f"the ZIP directory has {length} bytes; that is no evidence package")
        entries = list(_central_entries(self._read(start, length)))
        if len(entries) != count:
            raise ProofError(f"the ZIP directory has {len(entries)} members and says {count}")
        self.members = tuple(self._located(entries, start))

    def digest(self) -> bytes:
        """Hash every byte before the archive comment: SHA-256."""
        result = sha256()
        at = 0
        while at < self.sealed_size:
            piece = self._read(at, min(CHUNK, self.sealed_size - at))
            result.update(piece)
            at += len(piece)
        return result.digest()

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Give a member's content in pieces of at most `CHUNK` bytes; check its size and CRC."""
        crc = size = 0
        for piece in self._inflated(member) if member.method == _DEFLATED else self._stored(member):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
            if size > member.size:
                break
            yield piece
        if size != member.size:
            raise ProofError(
                f"{member.name}: unpacks to another size than the {member.size} declared"
            )
        if crc != member.crc:
            raise ProofError(f"{member.name}: damaged (its CRC is wrong)")

    def _stored(self, member: Member) -> Iterator[bytes]:
        for at in range(0, member.packed, CHUNK):
            yield self._read(member.start + at, min(CHUNK, member.packed - at))

    def _inflated(self, member: Member) -> Iterator[bytes]:
        unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for packed in self._stored(member):
                piece = unpack.decompress(packed, CHUNK)
                while piece:
                    yield piece
                    piece = unpack.decompress(unpack.unconsumed_tail, CHUNK)
        except zlib.error as error:
            raise ProofError(f"{member.name}: damaged (cannot be unpacked: {error})") from error
        if not unpack.eof or unpack.unused_data:
            raise ProofError(f"{member.name}: its packed data end in the wrong place")

    def _read(self, at: int, length: int) -> bytes:
        self._file.seek(at)
        data = self._file.read(length)
        if len(data) != length:
            raise ProofError(f"the file ends within {length} bytes that should stand at {at}")
        return data

    def _find_end(self) -> int:
        tail_start = max(0, self._size - _END.size - _MAX16)
        tail = self._read(tail_start, self._size - tail_start)
        at = tail.rfind(b"PK\x05\x06", 0, len(tail) - _END.size + 4)
        while at >= 0:
            (comment_length,) = struct.unpack_from("<H", tail, at + _END.size - 2)
            if at + _END.size + comment_length == len(tail):
                return tail_start + at
            at = tail.rfind(b"PK\x05\x06", 0, at)
        raise CannotCheck("not a ZIP file, or one that was cut short: its end record is missing")

    def _directory_place(self, end: int) -> tuple[int, int, int]:
        """Give the central directory's start, length and number of entries."""
        _, disk, first_disk, here, count, length, start, _ = _END.unpack(self._read(end, _END.size))
        stop = end
        if _MAX16 in (here, count) or _MAX32 in (length, start):
            stop, here, count, length, start = self._directory_place64(end)
        if disk or first_disk or here != count or start + length != stop:
            raise ProofError(
                "the ZIP end record does not fit the file: something was put in or taken out"
            )
        return start, length, count

    def _directory_place64(self, end: int) -> tuple[int, int, int, int, int]:
        stop = end - _LOCATOR64.size - _END64.size
        if stop < 0:
            raise ProofError("the ZIP64 end record does not fit the file")
        end64 = _END64.unpack(self._read(stop, _END64.size))
        locator = _LOCATOR64.unpack(self._read(stop + _END64.size, _LOCATOR64.size))
        if end64[:2] != (b"PK\x06\x06", _END64.size - 12) or locator != (b"PK\x06\x07", 0, stop, 1):
            raise ProofError("the ZIP64 end record does not fit the file")
        _, _, _, _, disk, first_disk, here, count, length, start = end64
        if disk or first_disk:
            raise ProofError("the ZIP64 end record speaks of several disks")
        return stop, here, count, length, start

    def _located(self, entries: list[_Entry], directory: int) -> Iterator[Member]:
        """Check each member's own header against its entry; they must follow each other exactly."""
        position = 0
        for number, entry in enumerate(entries):
            if entry.header != position:
                raise ProofError(f"{entry.name}: does not follow directly on the member before it")
            stop = entries[number + 1].header if number + 1 < len(entries) else directory
            member = self._checked_local(entry)
            data_end = member.start + member.packed
            self._check_descriptor(member, data_end, stop)
            yield member
            position = stop
        if position != directory:
            raise ProofError("the ZIP file holds bytes that belong to no member")

    def _checked_local(self, entry: _Entry) -> Member:
        raw = _LOCAL.unpack(self._read(entry.header, _LOCAL.size))
        magic, _, flags, method, _, _, crc, packed, size, name_length, extra_length = raw
        tail = self._read(entry.header + _LOCAL.size, name_length + extra_length)
        if magic != b"PK\x03\x04" or tail[:name_length] != entry.raw_name:
            raise ProofError(f"{entry.name}: its own header names another member")
        if (flags, method) != (entry.flags, entry.method):
            raise ProofError(f"{entry.name}: its own header differs from the ZIP directory")
        if not flags & _DESCRIPTOR_FLAG:
            size, packed = _wide(tail[name_length:], [size, packed])
            if (crc, packed, size) != (entry.crc, entry.packed, entry.size):
                raise ProofError(f"{entry.name}: its own header differs from the ZIP directory")
        start = entry.header + _LOCAL.size + name_length + extra_length
        return Member(
            entry.name, method, flags, entry.crc, entry.packed, entry.size, entry.header, start
        )

    def _check_descriptor(self, member: Member, data_end: int, stop: int) -> None:
        forms: tuple[bytes, ...] = (b"",)
        if member.flags & _DESCRIPTOR_FLAG:
            values = (b"PK\x07\x08", member.crc, member.packed, member.size)
            fits = max(member.packed, member.size) <= _MAX32
            forms = (struct.pack("<4sL2Q", *values),)
            forms += (struct.pack("<4s3L", *values),) if fits else ()
        gap = stop - data_end
        if gap < 0 or gap > max(map(len, forms)) or self._read(data_end, gap) not in forms:
            raise ProofError(f"{member.name}: does not end where the next member begins")


@dataclass(frozen=True)
class _Entry:
    """What the central directory says of one member."""

    name: str
    raw_name: bytes
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    header: int


def _central_entries(data: bytes) -> Iterator[_Entry]:
    at = 0
    while at < len(data):
        if at + _CENTRAL.size > len(data):
            raise ProofError("the ZIP directory is cut short")
        raw = _CENTRAL.unpack_from(data, at)
        magic, _, _, flags, method, _, _, crc, packed, size = raw[:10]
        name_length, extra_length, comment_length, disk, _, _, header = raw[10:]
        at += _CENTRAL.size
        raw_name = data[at : at + name_length]
        extra = data[at + name_length : at + name_length + extra_length]
        at += name_length + extra_length + comment_length
        if magic != b"PK\x01\x02" or at > len(data):
            raise ProofError("the ZIP directory is damaged")
        name = _checked_name(raw_name)
        if flags & ~_FLAGS or method not in (_STORED, _DEFLATED) or disk or comment_length:
            raise ProofError(f"{name}: packed in a way that evidence packages do not use")
        size, packed, header = _wide(extra, [size, packed, header])
        if size > packed * _MAX_RATIO or (method == _STORED and size != packed):
            raise ProofError(f"{name}: {packed} bytes cannot unpack to {size}")
        yield _Entry(name, raw_name, method, flags, crc, packed, size, header)


def _wide(extra: bytes, values: list[int]) -> list[int]:
    """Replace the values that overflowed by those of the ZIP64 extra field, in its order."""
    if _MAX32 not in values:
        return values
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == 0x0001:
            missing = values.count(_MAX32)
            if len(field) < 8 * missing:
                break
            wide = iter(struct.unpack_from(f"<{missing}Q", field))
            return [next(wide) if value == _MAX32 else value for value in values]
    raise ProofError("a ZIP64 size is missing")


def _checked_name(raw: bytes) -> str:
    try:
        name = raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise ProofError(f"a member has the name {raw[:80]!r}; no evidence package has") from error
    if not name or name.startswith("/") or ".." in name or set(name) & set("\\:\0"):
        raise ProofError(f"a member has the name {name[:80]!r}, which leads out of the package")
    return name
