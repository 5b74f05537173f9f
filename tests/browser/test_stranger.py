"""What somebody sees who has not signed in: the sign-in page, and nothing else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import assert_accessible


@pytest.mark.parametrize("address", ["/", "/audit", "/audit?status=fail"])
def test_a_stranger_is_led_to_the_sign_in_page(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_label("Password")).to_be_visible()
    assert "/sign-in" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_sign_in_page_is_accessible(page: Page, scheme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto("/sign-in")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
