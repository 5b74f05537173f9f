"""No violation that axe-core knows, on any page, in light and dark, wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.scene import Scene, sign_in
from tests.support.browser import assert_accessible

PAGES = (
    "/audit",
    "/audit?status=fail&date=30d&repo=acme/repo-1",
    "/audit?status=fail&type=approval",
    "/audit?commit=nonsense",
    "/audit/export?status=fail",
    "/exports",
    "/settings",
    "/r/3",
    "/nothing-here",
)


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(360, "light"), (360, "dark"), (768, "light"), (1440, "light"), (1440, "dark")],
)
def test_no_page_has_a_violation_or_scrolls_sideways(
    page: Page, scene: Scene, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    sign_in(page)
    for address in (*PAGES, f"/audit/records/{scene.verdict}"):
        page.goto(address)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_filters_and_menus_have_no_violation(page: Page, scene: Scene, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    sign_in(page)
    for name in ("Date", "Repository", "Type", "Actor", "Verdict", "Waiver", "More", "Saved"):
        page.locator("main summary", has_text=name).first.click()
        assert_accessible(page)
        page.keyboard.press("Escape")
    page.get_by_text("Figures as a table").click()
    assert_accessible(page)


def test_a_role_that_may_not_see_the_trail_gets_a_page_that_says_so(
    page: Page, scene: Scene
) -> None:
    page.goto("/sign-in")
    page.get_by_label("Username").fill("rita")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    assert_accessible(page)
    page.goto("/audit")
    assert "admin, auditor" in page.locator("main").inner_text()
    assert_accessible(page)


@pytest.mark.parametrize(
    ("theme", "ground"), [("dark", "rgb(14, 17, 21)"), ("light", "rgb(245, 245, 242)")]
)
def test_the_theme_can_be_chosen_against_the_system(
    page: Page, scene: Scene, theme: str, ground: str
) -> None:
    page.emulate_media(color_scheme="light" if theme == "dark" else "dark")
    sign_in(page)
    page.goto("/settings")
    page.get_by_label(theme.capitalize()).check()
    page.get_by_role("button", name="Keep this theme").click()
    page.goto("/audit")
    shown = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert shown == ground
