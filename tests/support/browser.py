"""A real browser against the real server: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

# Without the background switches Chromium calls home at every start.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# WCAG 2.2 at level AA and what axe-core's authors call best practice.
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def chromium() -> str | None:
    """Return the path of the system's Chromium, or None where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


@cache
def missing() -> str | None:
    """Say what this machine lacks to drive a browser, or None when it has everything."""
    if chromium() is None:
        return "no Chromium: install Debian's package chromium"
    driver = importlib.util.find_spec("playwright")
    for folder in (driver.submodule_search_locations if driver else None) or []:
        node = Path(folder) / "driver" / "node"
        if subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0:
            return None
    return "Playwright's driver does not start: install Debian's package libatomic1"


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium; Playwright's own download is never used."""
    return playwright.chromium.launch(executable_path=chromium(), args=FLAGS)


def new_context(browser: Browser, *, base_url: str) -> BrowserContext:
    """Open a fresh profile in which relative addresses belong to `base_url`.

    The time zone is not UTC on purpose: a page that forgets the viewer's zone shows it.
    """
    return browser.new_context(
        base_url=base_url,
        viewport={"width": 1280, "height": 900},
        timezone_id="Europe/Helsinki",
        locale="en-GB",
        accept_downloads=True,
    )


def assert_accessible(page: Page, *, context: str | None = None) -> None:
    """Fail with axe-core's own words when the page, or the part named by `context`, violates a rule."""
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(page, context=context, options=AXE_OPTIONS)
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"


@dataclass(frozen=True)
class Site:
    """A running Affidavit. `url` has no slash at its end."""

    url: str


@contextmanager
def serve() -> Iterator[Site]:
    """Run the ASGI application by uvicorn in a thread, over the test's database, on a free port."""
    from affidavit.config.asgi import application

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(
            application, log_level="warning", lifespan="off", timeout_graceful_shutdown=5
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield Site(url=f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        listening.close()
        assert not thread.is_alive(), "the server did not stop within 15 seconds"


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + 15
    while not server.started:
        assert thread.is_alive(), "the server ended while starting"
        assert time.monotonic() < deadline, "the server did not start within 15 seconds"
        time.sleep(0.02)
