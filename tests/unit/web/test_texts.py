"""Texts in pages: hidden characters are shown, a summary says that it is one."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.web.lines import SUMMARY, shorten
from affidavit.web.visible import has_hidden, visible
from affidavit.web.vocabulary import status_of, type_label, words


@pytest.mark.parametrize(
    "code",
    [0x202E, 0x2066, 0x2069, 0x200F, 0x061C, 0x200B, 0xFEFF, 0x00AD - 0x2D, 0x1B, 0x0D, 0xE0041],
)
def test_characters_that_reorder_or_hide_are_labelled(code: int) -> None:
    shown = visible(f"a{chr(code)}b")
    assert f">U+{code:04X}</span>" in shown
    assert has_hidden(chr(code))


@pytest.mark.parametrize("text", ["a\tb\nc", "👩‍👩‍👧", "می‌خواهم", "שלום", "naïve"])
def test_text_that_people_write_stays_as_it_is(text: str) -> None:
    assert unescape(visible(text)) == text


@given(st.text())
def test_nothing_in_a_text_becomes_markup(text: str) -> None:
    shown = visible(text)
    for part in shown.split('<span class="hidden-char"')[1:]:
        assert "</span>" in part
    assert shown.count("<") == 2 * shown.count('<span class="hidden-char"')


@given(st.text(max_size=400))
def test_a_shortened_text_ends_with_an_ellipsis(text: str) -> None:
    flat = " ".join(text.split())
    short = shorten(text)
    assert len(short) <= SUMMARY
    assert short == flat or short.endswith("…")


def test_a_word_that_this_version_does_not_know_is_shown_as_it_is() -> None:
    shown = status_of("brand_new")
    assert shown is not None
    assert shown.label == "Brand new"
    assert type_label("a_later_type") == "A later type"
    assert words("changes_requested") == "Changes requested"


def test_statuses_differ_by_their_symbols_and_not_by_colour_alone() -> None:
    symbols = [status_of(value).symbol for value in ("pass", "fail", "warn", "error")]  # type: ignore[union-attr]
    assert len(set(symbols)) == 4
