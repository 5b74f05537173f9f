"""Answers that are sent while they are made, under ASGI and under the test client alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

BLOCK = 256 * 1024  # bytes of a file that are sent at a time


def streamed(
    request: HttpRequest, blocks: Iterator[bytes], *, content_type: str
) -> StreamingHttpResponse:
    """Answer with `blocks` as they come. An exception in them breaks the transfer off, visibly.

    Under ASGI each block is made in the request's own thread, which owns its database connection; a plain
    iterator would be collected in memory as a whole before the first byte is sent.
    """
    content = _apart(blocks) if isinstance(request, ASGIRequest) else blocks
    response = StreamingHttpResponse(content, content_type=content_type)
    response["X-Accel-Buffering"] = "no"
    return response


async def _apart(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    step = sync_to_async(lambda: next(blocks, None))
    try:
        while (block := await step()) is not None:
            yield block
    finally:
        close = getattr(blocks, "close", None)
        if close is not None:
            await sync_to_async(close)()


def file_blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's content."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
