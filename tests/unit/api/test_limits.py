"""The door: a body that is too large is refused before it is kept anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import orjson
import pytest
from django.conf import settings

from affidavit.api.limits import BodyLimit, limit_of

LIMIT = 65_536


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.ENV, "max_request_bytes", LIMIT)
    monkeypatch.setattr(settings.ENV, "max_evidence_bytes", 2 * LIMIT)


async def _echo(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def call(
    path: str, chunks: list[bytes], announced: int | None = None
) -> list[MutableMapping[str, Any]]:
    """Send `chunks` and return what was answered; reading on after the refusal is an error."""
    sent: list[MutableMapping[str, Any]] = []
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    length = [] if announced is None else [(b"content-length", str(announced).encode())]
    scope = {"type": "http", "path": path, "headers": length}
    asyncio.run(BodyLimit(_echo)(scope, receive, send))
    return sent


def test_a_body_within_the_limit_passes_untouched() -> None:
    start, body = call("/api/v1/runbooks", [b"x" * (LIMIT - 1), b"y"])
    assert (start["status"], body["body"]) == (200, str(LIMIT).encode())


@pytest.mark.parametrize(
    ("chunks", "announced"),
    [
        ([b"never read"], LIMIT + 1),
        ([b"x" * LIMIT, b"y", b"never read"], None),
        ([b"x" * LIMIT, b"y"], 5),
    ],
)
def test_a_body_beyond_the_limit_is_answered_413_by_its_header_or_as_it_comes(
    chunks: list[bytes], announced: int | None
) -> None:
    start, body = call("/api/v1/runbooks", chunks, announced)
    assert start["status"] == 413
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert orjson.loads(body["body"])["limit_bytes"] == LIMIT


def test_evidence_has_a_limit_of_its_own() -> None:
    assert limit_of("/api/v1/evidence/00") == 2 * LIMIT
    assert call("/api/v1/evidence/00", [b"x" * 2 * LIMIT])[0]["status"] == 200
