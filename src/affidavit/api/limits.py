"""How large a request may be; held at the door, before the framework keeps a byte of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from affidavit.api.errors import MEDIA_TYPE, problem

PREFIX = "/api/v1/"
EVIDENCE_PREFIX = "/api/v1/evidence/"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]  # an ASGI application: (scope, receive, send)


def limit_of(path: str) -> int:
    """Return the largest body in bytes that a request for `path` may have."""
    env = settings.ENV
    return int(
        env.max_evidence_bytes if path.startswith(EVIDENCE_PREFIX) else env.max_request_bytes
    )


def too_large_detail(limit: int) -> str:
    """Say what is wrong with a body of more than `limit` bytes, and what to do."""
    return f"The body is larger than the {limit} bytes that this address takes. Send it in several requests."


class _TooLong(Exception):
    pass


class BodyLimit:
    """ASGI middleware: answer 413 by the Content-Length, or as soon as more than the limit has come.

    Without it the server would write a body of any length to disk before a view could refuse it.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        started = False

        async def counted_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if _announced(scope) > limit:
                raise _TooLong
            await self.app(scope, _counted(receive, limit), counted_send)
        except _TooLong:
            if not started:
                await _refuse(scope["path"], limit, send)


def _announced(scope: MutableMapping[str, Any]) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def wrapped() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _TooLong
        return message

    return wrapped


async def _refuse(path: str, limit: int, send: Send) -> None:
    body = problem(
        status=413, code="too_large", title="Too large", detail=too_large_detail(limit), instance=path,
        extra={"limit_bytes": limit},
    )  # fmt: skip
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
