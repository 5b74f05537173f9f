"""The threads that requests run in: some that stay, each with its database connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext
from django.db import connections

STAYING = 8  # idle threads that are kept; a busy hour may have any number at work

App = Callable[..., Awaitable[None]]  # an ASGI application: (scope, receive, send)


class StayingThreads:
    """ASGI middleware: do all synchronous work of a request in one thread, and keep the thread.

    Left alone, Django starts a thread for every request, and with it opens a database connection; on
    SQLite the last one that closes folds the whole write-ahead log back, after every request. No request
    waits for a thread: a slow download that holds one keeps nobody else from being served.
    """

    def __init__(self, app: App, *, staying: int = STAYING) -> None:
        self.app = app
        self._staying = staying
        self._idle: list[
            ThreadPoolExecutor
        ] = []  # the last one used is the next: its caches are warm

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.app(scope, receive, send)
        finally:
            if len(self._idle) < self._staying:
                self._idle.append(thread)
            else:
                thread.submit(connections.close_all)
                thread.shutdown(wait=False)
