"""Fixtures of the browser tests: one Chromium a file, one fresh profile and server a test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support import browser as support

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.scene import Scene


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Not for the session: while Playwright runs, its event loop owns the thread, and the tests of
    # other files that need a loop of their own would fail.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = support.launch(playwright)
        yield running
        running.close()


@pytest.fixture
def site(transactional_db: None) -> Iterator[support.Site]:
    """A running server over the test's own, committed database."""
    with support.serve() as running:
        yield running


@pytest.fixture
def page(chromium: Browser, site: support.Site) -> Iterator[Page]:
    """An empty page in a fresh profile; `page.goto("/path")` asks the test's server."""
    context = support.new_context(chromium, base_url=site.url)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == [], "the page's scripts failed"


@pytest.fixture
def scene(site: support.Site) -> Scene:
    """A trail of some weeks, and people who can sign in."""
    from tests.browser.scene import Scene

    return Scene()
