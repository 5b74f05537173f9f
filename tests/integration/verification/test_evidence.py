"""The evidence store: content under its own digest, created once, complete or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from affidavit.kit import clock
from affidavit.kit.errors import InvalidInput, NotFound, NotSetUp, TooLarge
from affidavit.verification.evidence import (
    evidence_path,
    evidence_put,
    evidence_store,
    open_evidence,
)
from affidavit.verification.models import Evidence
from tests.support.house import CONTENT, DIGEST, House

pytestmark = pytest.mark.django_db


def put(house: House, data: bytes = CONTENT, media_type: str = "text/plain") -> Evidence:
    return evidence_put(
        organization=house.organization, data=data, media_type=media_type, now=clock.now()
    )


def files() -> list[Path]:
    home: Path = settings.ENV.home
    return [path for path in (home / "evidence").rglob("*") if path.is_file()]


def test_content_is_kept_under_its_digest_and_comes_back_as_it_was() -> None:
    house = House()
    stored = put(house)
    assert (stored.sha256, stored.size_bytes) == (DIGEST, len(CONTENT))
    assert files() == [settings.ENV.home / "evidence" / DIGEST[:2] / DIGEST[2:4] / DIGEST]
    found, file = open_evidence(organization=house.organization, sha256=DIGEST)
    with file:
        assert (found.media_type, file.read()) == ("text/plain", CONTENT)


def test_storing_the_same_content_again_changes_nothing() -> None:
    house = House()
    first = put(house)
    inode = evidence_path(DIGEST).stat()
    again = put(house, media_type="text/html")
    assert (again.media_type, again.stored_at) == (first.media_type, first.stored_at)
    assert evidence_path(DIGEST).stat() == inode
    assert len(files()) == 1


def test_two_organizations_may_store_the_same_and_neither_sees_the_others() -> None:
    house, other = House("acme"), House("umbrella")
    put(house)
    with pytest.raises(NotFound):
        open_evidence(organization=other.organization, sha256=DIGEST)
    put(other)
    open_evidence(organization=other.organization, sha256=DIGEST)[1].close()
    assert len(files()) == 1


@pytest.mark.parametrize("digest", ["ab" * 32, hashlib.sha256(b"").hexdigest()])
def test_content_with_another_digest_is_refused_and_nothing_is_left_behind(digest: str) -> None:
    house = House()
    with pytest.raises(InvalidInput, match=DIGEST):
        evidence_store(
            organization=house.organization, chunks=[CONTENT[:5], CONTENT[5:]], sha256=digest,
            media_type="text/plain", now=clock.now(),
        )  # fmt: skip
    assert (files(), Evidence.objects.count()) == ([], 0)


def test_an_upload_that_breaks_off_or_is_too_large_leaves_nothing_behind() -> None:
    house = House()

    def chunks() -> Iterator[bytes]:
        yield CONTENT
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        evidence_store(
            organization=house.organization, chunks=chunks(), sha256=DIGEST, media_type="text/plain",
            now=clock.now(),
        )  # fmt: skip
    with pytest.raises(TooLarge):
        put(house, b"x" * (settings.ENV.max_evidence_bytes + 1))
    assert (files(), Evidence.objects.count()) == ([], 0)


def test_a_media_type_that_is_not_on_the_list_is_refused() -> None:
    house = House()
    for media_type in ("image/svg+xml", "", "text/javascript", "text/plain\r\nX: y", "*/*"):
        with pytest.raises(InvalidInput, match="media type"):
            put(house, media_type=media_type)
    assert put(house, media_type="Text/HTML; charset=utf-8").media_type == "text/html"


def test_a_file_that_is_gone_is_said_to_be_gone() -> None:
    house = House()
    put(house)
    evidence_path(DIGEST).unlink()
    with pytest.raises(NotSetUp, match="backup"):
        open_evidence(organization=house.organization, sha256=DIGEST)
