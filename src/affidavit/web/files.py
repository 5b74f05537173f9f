"""Files as answers that never lie in memory as a whole, under either of Django's servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

BLOCK = 256 * 1024


def file_response(
    request: HttpRequest, file: BinaryIO, *, name: str, media_type: str, attachment: bool
) -> HttpResponse:
    """Send `file` from its beginning and close it; a break shows, for its length is stated first.

    Under ASGI Django would gather an ordinary iterator before it sends anything.
    """
    size = file.seek(0, 2)
    file.seek(0)
    blocks = _async_blocks(file) if isinstance(request, ASGIRequest) else _blocks(file)
    response = StreamingHttpResponse(blocks, content_type=media_type)
    response.headers["Content-Length"] = str(size)
    disposition = content_disposition_header(as_attachment=attachment, filename=name)
    if disposition:
        response.headers["Content-Disposition"] = disposition
    return response  # type: ignore[return-value]  # the guards and middleware only set headers


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block


async def _async_blocks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while block := await sync_to_async(file.read, thread_sensitive=False)(BLOCK):
            yield block
