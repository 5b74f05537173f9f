"""The strict ZIP reader: one reading of the file, or none."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from affidavit.proof.archive import Archive
from affidavit.proof.errors import CannotCheck, ProofError

CONTENT = {"a.txt": b"first" * 1000, "b.txt": b"", "c.bin": os.urandom(3_000_000)}


def made(content: dict[str, bytes], comment: bytes = b"", **options: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data, **options)
        archive.comment = comment
    return buffer.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    archive = Archive(io.BytesIO(data))
    return {member.name: b"".join(archive.chunks(member)) for member in archive.members}


def refuse(data: bytes) -> None:
    with pytest.raises(ProofError):
        read(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_reads_what_others_write(method: int) -> None:
    assert read(made(CONTENT, compress_type=method)) == CONTENT


def test_reads_archives_written_to_a_pipe() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            piece = bytes(data)  # type: ignore[call-overload]
            self.data += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in CONTENT.items():
            archive.writestr(name, data)
    assert read(bytes(pipe.data)) == CONTENT


def test_reads_zip64_members(tmp_path: Path) -> None:
    path = tmp_path / "wide.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in CONTENT.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    assert read(path.read_bytes()) == CONTENT


def test_reads_zip64_end_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    data = bytearray(made(CONTENT))
    assert b"PK\x06\x06" in data
    # The library states small values in both records; a large archive overflows the first.
    data[-14:-2] = b"\xff" * 12
    assert read(bytes(data)) == CONTENT
    refuse(bytes(data).replace(b"PK\x06\x07", b"PK\x06\x08"))


def test_gives_the_comment_and_digests_what_stands_before_it() -> None:
    archive = Archive(io.BytesIO(made(CONTENT, b"a comment")))
    assert archive.comment == b"a comment"
    plain = made(CONTENT)
    assert len(plain) == archive.sealed_size
    assert len(archive.digest()) == 32


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip" * 100, b"PK\x05\x06", bytes(100_000)])
def test_what_is_no_archive_cannot_be_checked(data: bytes) -> None:
    with pytest.raises(CannotCheck):
        Archive(io.BytesIO(data))


def test_a_truncated_archive_is_refused() -> None:
    data = made({"a.txt": b"first" * 50, "b.txt": b"second"})
    for length in range(len(data)):
        refuse(data[:length])


def test_bytes_before_between_and_behind_members_are_refused() -> None:
    data = made(CONTENT)
    refuse(b"#!/bin/sh\n" + data)
    refuse(data + b"trailing")
    directory = data.index(b"PK\x01\x02")
    refuse(data[:directory] + b"hidden" + data[directory:])


def test_a_second_name_before_the_member_is_refused() -> None:
    data = made({"a.txt": b"x"})
    refuse(data.replace(b"a.txt", b"b.txt", 1))


@pytest.mark.parametrize(
    "name", ["../a", "/etc/passwd", "a/../../b", "c:\\x", "caf\u00e9", "..", "a:b"]
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    refuse(made({name: b"x"}))


def test_a_member_that_unpacks_to_more_than_it_declares_is_refused() -> None:
    data = bytearray(made({"a.txt": b"y" * 100_000}))
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(magic) + at
        data[place : place + 4] = (50_000).to_bytes(4, "little")
    refuse(bytes(data))


def test_a_member_that_declares_more_than_deflate_can_hold_is_refused() -> None:
    data = bytearray(made({"a.txt": b"y" * 100}))
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(magic) + at
        data[place : place + 4] = (2_000_000_000).to_bytes(4, "little")
    with pytest.raises(ProofError, match="cannot unpack"):
        Archive(io.BytesIO(bytes(data)))


def test_encrypted_and_exotic_members_are_refused() -> None:
    data = bytearray(made({"a.txt": b"x"}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    refuse(bytes(data))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", b"x" * 100)
    refuse(buffer.getvalue())


def test_every_flipped_byte_of_the_data_is_found() -> None:
    data = made({"a.txt": b"some content " * 20, "b.txt": b"more"})
    first = 30 + len("a.txt")
    stop = data.index(b"PK\x03\x04", 10)
    for at in range(first, stop):
        refuse(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
