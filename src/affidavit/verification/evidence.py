"""The evidence store: files named by the SHA-256 of their content, created once and never changed.

`evidence/<aa>/<bb>/<sha256>` in the home folder. A file appears there complete and durable or not at all:
it is written beside, synced, and linked. The database says which organization stored what; content that
two organizations stored lies there once, and neither learns of the other.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from affidavit.identity.models import Organization
from affidavit.kit.errors import InvalidInput, NotFound, NotSetUp, TooLarge
from affidavit.verification.models import Evidence

MEDIA_TYPES = frozenset({
    "application/gzip", "application/json", "application/octet-stream", "application/x-ndjson",
    "application/xml", "application/zip", "image/gif", "image/jpeg", "image/png", "image/webp",
    "text/csv", "text/html", "text/markdown", "text/plain", "text/x-diff", "text/xml",
})  # fmt: skip


def media_type_check(text: str) -> str:
    """Return the media type without its parameters, in lower case.

    Raises:
        InvalidInput: it is none of those that evidence may have.
    """
    plain = text.split(";", 1)[0].strip().lower()
    if plain not in MEDIA_TYPES:
        raise InvalidInput(
            f"media type {plain[:80]!r} is none that evidence may have; use one of:"
            f" {', '.join(sorted(MEDIA_TYPES))}",
            extra={"media_types": sorted(MEDIA_TYPES)},
        )
    return plain


def evidence_put(
    *, organization: Organization, data: bytes, media_type: str, now: datetime
) -> Evidence:
    """Store `data` and return what was stored; storing the same content again changes nothing.

    Raises:
        InvalidInput: the media type is none that evidence may have.
        TooLarge: it has more bytes than the operator allows.
    """
    return evidence_store(
        organization=organization, chunks=[data], sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type, now=now,
    )  # fmt: skip


def evidence_store(
    *,
    organization: Organization,
    chunks: Iterable[bytes],
    sha256: str,
    media_type: str,
    now: datetime,
) -> Evidence:
    """Store the content that `chunks` yield, which must have the digest `sha256` (64 lower-case hex).

    The digest is computed while the content streams to disk. The first media type that an organization
    gave a content stays. If the caller's transaction fails, the file may remain: unreferenced, and equal
    to what the next attempt would write.

    Raises:
        InvalidInput: the content has another digest, or the media type is not allowed; nothing was kept.
        TooLarge: it has more bytes than the operator allows; nothing was kept.
    """
    plain = media_type_check(media_type)
    size = _file_store(chunks, sha256, settings.ENV.max_evidence_bytes)
    # No `get_or_create`: on PostgreSQL a lost race would abort the caller's transaction.
    found = Evidence(
        organization=organization, sha256=sha256, size_bytes=size, media_type=plain, stored_at=now
    )
    Evidence.objects.bulk_create([found], ignore_conflicts=True)
    return Evidence.objects.get(organization=organization, sha256=sha256)


def evidence_get(*, organization: Organization, sha256: str) -> Evidence:
    """Return what the organization stored under this digest.

    Raises:
        NotFound: the organization stored no such content.
    """
    found = Evidence.objects.filter(organization=organization, sha256=sha256).first()
    if found is None:
        raise NotFound(f"There is no evidence {sha256[:80]!r} in {organization.slug}.")
    return found


def open_evidence(*, organization: Organization, sha256: str) -> tuple[Evidence, BinaryIO]:
    """Return what is known of a stored content, and the open file.

    Raises:
        NotFound: the organization stored no such content.
        NotSetUp: the content was stored, but its file is gone; restore it from the backup.
    """
    found = evidence_get(organization=organization, sha256=sha256)
    path = evidence_path(found.sha256)
    try:
        return found, path.open("rb")
    except OSError as error:
        raise NotSetUp(
            f"The evidence {found.sha256} was stored, but its file can't be read ({error.strerror})."
            " Restore the folder `evidence` of the home folder from the backup."
        ) from error


def evidence_path(sha256: str) -> Path:
    """Return where a content lies; `sha256` must come from the database or have been checked."""
    return _folder() / sha256[:2] / sha256[2:4] / sha256


def _folder() -> Path:
    home: Path = settings.ENV.home
    return home / "evidence"


def _file_store(chunks: Iterable[bytes], sha256: str, limit: int) -> int:
    """Write the file unless it is there, and return its size in bytes."""
    target = evidence_path(sha256)
    incoming = _folder() / "incoming"
    incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=incoming)
    try:
        with os.fdopen(handle, "wb") as file:
            size = _copy(chunks, file, sha256, limit)
            if not target.exists():
                file.flush()
                os.fsync(file.fileno())
                _link(name, target)
    finally:
        os.unlink(name)  # noqa: PTH108 - what mkstemp gave is a text
    return size


def _copy(chunks: Iterable[bytes], file: BinaryIO, sha256: str, limit: int) -> int:
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(
                f"Evidence may have {limit} bytes at most; this one has more. Cut it to the part that shows"
                " the fact, or let the operator raise AFFIDAVIT_MAX_EVIDENCE_BYTES.",
                extra={"limit_bytes": limit},
            )
        digest.update(chunk)
        file.write(chunk)
    if digest.hexdigest() != sha256:
        raise InvalidInput(
            f"The content has the SHA-256 {digest.hexdigest()}, not {sha256[:80]}. It was changed on its"
            " way, or the digest is of something else; nothing was stored.",
            extra={"sha256": digest.hexdigest()},
        )
    return size


def _link(name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.link(name, target)
    except FileExistsError:
        return  # another upload of the same content was faster; it is the same content
    for folder in (target.parent, target.parent.parent, target.parent.parent.parent):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
