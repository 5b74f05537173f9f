"""The audit view in a real browser: every filter, no layout shift, places in the list, zones."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scene import SNIPPET, Scene, count_shown, sign_in


def tick(facet: str, *choices: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator("summary", has_text=facet).first.click()
        for choice in choices:
            page.locator("details[open] label.choice", has_text=choice).first.click()
        page.keyboard.press("Escape")

    return act


def fill(label: str, value: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator("summary", has_text="More").click()
        page.get_by_label(label).fill(value)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")

    return act


def search(page: Page) -> None:
    page.get_by_placeholder("Search the text of records").press_sequentially("number 7")


def custom_dates(page: Page) -> None:
    page.locator("summary", has_text="Date").click()
    page.get_by_label("From", exact=True).fill("2026-01-01")
    page.get_by_label("From", exact=True).blur()
    expect(page.get_by_label("From and until")).to_be_checked()
    page.keyboard.press("Escape")


FILTERS: dict[str, tuple[Callable[[Page], None], str]] = {
    "date range": (tick("Date", "Last 30 days"), "date=30d"),
    "custom dates": (custom_dates, "date=custom&from=2026-01-01"),
    "repository": (tick("Repository", "acme/repo-3"), "repo=acme%2Frepo-3"),
    "several repositories": (
        tick("Repository", "acme/repo-3", "acme/repo-4"),
        "repo=acme%2Frepo-3&repo=acme%2Frepo-4",
    ),
    "record type": (tick("Type", "Waiver"), "type=waiver"),
    "actor": (tick("Actor", "grace"), "actor=grace"),
    "verdict status": (tick("Verdict", "Fail"), "status=fail"),
    "waiver category": (tick("Waiver", "Accepted risk"), "waiver=accepted_risk"),
    "runbook number": (fill("Runbook number", "5"), "runbook=5"),
    "commit": (fill("Commit SHA begins with", "0A0a"), "commit=0a0a"),
    "revisions": (tick("More", "All, superseded ones too"), "revisions=all"),
    "text": (search, "q=number+7"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_changes_list_count_and_address_without_a_new_page_or_a_jump(
    page: Page, scene: Scene, name: str
) -> None:
    sign_in(page)
    page.evaluate("window.stayed = true")
    everything = count_shown(page)
    bar_top = page.locator(".result-bar").bounding_box()
    act, query = FILTERS[name]
    act(page)
    page.wait_for_url(lambda url: url.endswith(f"/audit?{query}"))
    expect(page.locator(".chip").first).to_be_visible()
    filtered = count_shown(page)
    assert page.evaluate("window.stayed") is True
    assert page.locator(".result-bar").bounding_box() == bar_top
    if name not in ("custom dates", "revisions"):
        assert 0 < filtered < everything
    assert page.locator(".row-link").count() == min(filtered, 50)
    expect(page.locator("#announce")).to_have_text(re.compile(rf"^{filtered:,} records? match"))
    page.reload()
    assert count_shown(page) == filtered


def test_filters_combine_and_chips_take_them_back(page: Page, scene: Scene) -> None:
    sign_in(page)
    tick("Verdict", "Fail")(page)
    page.wait_for_url("**/audit?status=fail")
    failures = count_shown(page)
    tick("Repository", "acme/repo-1")(page)
    page.wait_for_url("**/audit?repo=acme%2Frepo-1&status=fail")
    assert count_shown(page) < failures
    page.get_by_role("link", name="Repository acme/repo-1").click()
    page.wait_for_url("**/audit?status=fail")
    assert count_shown(page) == failures
    page.locator("summary", has_text="Repository").click()
    expect(page.get_by_label("acme/repo-1")).not_to_be_checked()
    page.keyboard.press("Escape")
    page.go_back()
    page.wait_for_url("**/audit?repo=acme%2Frepo-1&status=fail")
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_role("link", name="Clear all").click()
    page.wait_for_url(re.compile(r"/audit$"))


def test_a_long_list_of_choices_can_be_searched(page: Page, scene: Scene) -> None:
    sign_in(page)
    page.locator("summary", has_text="Repository").click()
    page.get_by_label("Search in the list of repository choices").press_sequentially("repo-7")
    choices = page.locator("#list-repo .choice:visible")
    expect(choices).to_have_count(1)
    choices.first.click()
    page.wait_for_url("**/audit?repo=acme%2Frepo-7")


def test_a_verdict_leads_to_its_evidence(page: Page, scene: Scene) -> None:
    sign_in(page)
    page.goto("/audit?status=fail&q=float")
    page.get_by_role("link", name="Money is never a float").click()
    page.wait_for_url(f"**/audit/records/{scene.verdict}")
    expect(page.get_by_role("heading", name="Money is never a float")).to_be_visible()
    expect(page.locator(".exhibit pre")).to_contain_text("price = 0.1 + 0.2")
    with page.expect_download() as waiting:
        page.locator(".exhibit").get_by_role("link", name="Download").click()
    assert waiting.value.path().read_bytes() == SNIPPET


def test_older_and_newer_lead_through_the_list(page: Page, scene: Scene) -> None:
    sign_in(page)
    page.goto("/audit?per=25")
    total = count_shown(page)
    seen = hrefs(page)
    while page.get_by_role("link", name="Older").count():
        before = page.url
        page.get_by_role("link", name="Older").click()
        page.wait_for_url(lambda url, before=before: url != before)  # type: ignore[misc]
        seen += hrefs(page)
    assert len(seen) == len(set(seen)) == total
    last = page.url
    page.get_by_role("link", name="Newer").click()
    page.wait_for_url(lambda url: url != last)
    assert hrefs(page) == seen[-25 - total % 25 : -(total % 25)]


def hrefs(page: Page) -> list[str]:
    found: list[str] = page.locator(".row-link").evaluate_all("all => all.map(a => a.href)")
    return found


def test_times_are_in_the_browsers_zone_until_another_is_chosen(page: Page, scene: Scene) -> None:
    sign_in(page)
    expect(page.locator(".result-note")).to_contain_text("times in Europe/Helsinki")
    page.goto("/audit?status=fail")
    page.locator(".result-note").get_by_role("link", name="change").click()
    page.locator("select[name=time_zone]").select_option("Asia/Kolkata")
    page.get_by_role("button", name="Save the time zone").click()
    page.wait_for_url("**/audit?status=fail")
    expect(page.locator(".result-note")).to_contain_text("times in Asia/Kolkata (UTC+05:30)")


def test_a_filter_can_be_saved_and_found_again(page: Page, scene: Scene) -> None:
    sign_in(page)
    page.goto("/audit?status=fail")
    page.get_by_text("Saved filters").click()
    page.get_by_label("Save these filters as").fill("Failures")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/audit?status=fail")
    page.goto("/audit")
    page.get_by_text("Saved filters").click()
    page.get_by_role("link", name="Failures").click()
    page.wait_for_url("**/audit?status=fail")


def test_the_list_says_when_newer_records_have_arrived(page: Page, scene: Scene) -> None:
    sign_in(page)
    page.goto("/audit?status=fail")
    before = count_shown(page)
    scene.trail.change(77, at=scene.now, statuses=("fail",))
    hint = page.get_by_role("link", name="newer record arrived")
    expect(hint).to_be_visible(timeout=30_000)
    hint.click()
    expect(page.locator(".count strong")).to_have_text(str(before + 1))


def test_the_whole_path_works_by_keyboard_alone(page: Page, scene: Scene) -> None:
    sign_in(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_placeholder("Search the text of records")).to_be_focused()
    while not page.evaluate("document.activeElement.textContent.includes('Verdict')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_url("**/audit?status=fail")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.locator(".row-link").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".row-link").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/records/**")


def test_everything_works_without_javascript(page: Page, scene: Scene) -> None:
    browser = page.context.browser
    assert browser is not None
    base = page.evaluate("location.origin") if page.url != "about:blank" else None
    page.goto("/sign-in")
    base = base or page.evaluate("location.origin")
    context = browser.new_context(base_url=base, java_script_enabled=False)
    plain = context.new_page()
    sign_in(plain)
    plain.locator("summary", has_text="Verdict").click()
    plain.locator("details[open] label.choice", has_text="Fail").click()
    plain.get_by_role("button", name="Apply filters").click()
    plain.wait_for_url("**/audit?status=fail")
    assert count_shown(plain) > 0
    plain.locator(".row-link").first.click()
    expect(plain.locator(".fields").first).to_be_visible()
    context.close()
