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
    blocks = _AsyncBlocks(file) if isinstance(request, ASGIRequest) else _Blocks(file)
    response = StreamingHttpResponse(blocks, content_type=media_type)
    response.headers["Content-Length"] = str(size)
    disposition = content_disposition_header(as_attachment=attachment, filename=name)
    if disposition:
        response.headers["Content-Disposition"] = disposition
    return response  # type: ignore[return-value]  # the guards and middleware only set headers


class _Blocks:
    """A file's blocks. Django calls `close` even where nothing was read; a generator would not act."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        while block := self._file.read(BLOCK):
            yield block

    def close(self) -> None:
        self._file.close()


class _AsyncBlocks(_Blocks):
    """The same for an ASGI server; the disk is read in a thread."""

    __iter__ = None  # type: ignore[assignment]  # Django would take the ordinary way

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while block := await sync_to_async(self._file.read, thread_sensitive=False)(BLOCK):
            yield block
