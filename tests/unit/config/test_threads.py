"""Requests share a few lasting threads, wait for none, and leave none behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from affidavit.config.threads import StayingThreads

SCOPE = {"type": "http"}


def app_of(names: list[str], work: Callable[[], object] = lambda: None) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        def at_work() -> None:
            names.append(threading.current_thread().name)
            work()

        await sync_to_async(at_work)()
        await sync_to_async(at_work)()

    return app


def test_requests_after_one_another_run_in_the_same_thread() -> None:
    names: list[str] = []
    app = StayingThreads(app_of(names))

    async def several() -> None:
        for _ in range(3):
            await app(SCOPE, None, None)

    asyncio.run(several())
    assert len(names) == 6
    assert len(set(names)) == 1


def test_requests_at_the_same_time_wait_for_no_thread_and_only_some_threads_stay() -> None:
    together = threading.Barrier(5, timeout=10)
    before = threading.active_count()
    names: list[str] = []
    app = StayingThreads(app_of(names, together.wait), staying=2)

    async def several() -> None:
        await asyncio.gather(*(app(SCOPE, None, None) for _ in range(5)))
        for thread in threading.enumerate():
            if thread.name.startswith("request") and thread not in kept():
                await asyncio.to_thread(thread.join, 10)

    def kept() -> set[threading.Thread]:
        return {thread for idle in app._idle for thread in idle._threads}

    asyncio.run(several())
    assert len(app._idle) == 2
    assert threading.active_count() <= before + 2


def test_a_request_that_breaks_gives_its_thread_back() -> None:
    def broken() -> None:
        raise RuntimeError("broken")

    app = StayingThreads(app_of([], broken))

    async def twice() -> None:
        for _ in range(2):
            try:
                await app(SCOPE, None, None)
            except RuntimeError:
                continue

    asyncio.run(twice())
    assert len(app._idle) == 1


@pytest.fixture
def no_connections() -> Iterator[None]:
    """Keep Django from looking after connections that other tests left open in this process."""
    watched = (request_started, request_finished)
    for signal in watched:
        signal.disconnect(close_old_connections)
    yield
    for signal in watched:
        signal.connect(close_old_connections)


def test_django_itself_honours_the_thread_that_it_is_given(no_connections: None) -> None:
    """The handler opens a context of its own, which must give way to ours."""
    assert ASGIHandler.__call__.__module__ == "django.core.handlers.asgi"
    from affidavit.config.asgi import application

    async def ask() -> list[Any]:
        sent: list[Any] = []
        seen: list[str] = []

        async def receive() -> dict[str, Any]:
            if seen:
                await asyncio.sleep(3600)
            seen.append("read")
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "GET", "path": "/api/v1/nothing", "query_string": b"",
            "headers": [(b"host", b"localhost")], "http_version": "1.1", "scheme": "http",
            "server": ("localhost", 80), "client": ("127.0.0.1", 1), "root_path": "",
        }  # fmt: skip
        await application(scope, receive, send)
        return sent

    sent = asyncio.run(ask())
    assert sent[0]["status"] == 404
