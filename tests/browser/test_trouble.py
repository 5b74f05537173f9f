"""When the server fails, the page says so, and the old list does not pass for a new one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.scene import Scene, sign_in


@pytest.mark.parametrize("how", ["an error of the server", "no answer"])
def test_a_filter_that_gets_no_answer_says_so_and_recovers(
    page: Page, scene: Scene, how: str
) -> None:
    sign_in(page)

    def fail(route: Route) -> None:
        if how == "no answer":
            route.abort()
        else:
            route.fulfill(status=500, body="<!doctype html><h1>Something broke</h1>")

    page.route("**/audit?status=fail*", fail)
    page.route("**/audit?*status=fail*", fail)
    page.locator("summary", has_text="Verdict").first.click()
    page.locator("details[open] label.choice", has_text="Fail").click()
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator(".row-link").first).to_be_visible()
    page.unroute_all()
    page.locator("details[open] label.choice", has_text="Warn").click()
    page.wait_for_url("**/audit?status=fail&status=warn")
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_session_that_ended_leads_to_the_sign_in_page_and_back(page: Page, scene: Scene) -> None:
    sign_in(page)
    page.goto("/audit?status=fail")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("link", name="Clear all").click()
    page.wait_for_url("**/sign-in?next=%2Faudit%3Fstatus%3Dfail")
