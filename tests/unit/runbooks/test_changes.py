"""What an edit of the criteria did: added, changed, removed; nothing twice, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.runbooks.services import changes

LISTS = st.lists(st.sampled_from("abcdefgh"), max_size=8, unique=True)


@pytest.mark.parametrize(
    ("before", "after", "added", "changed", "removed"),
    [
        ("abc", "abc", "", "", ""),
        ("abc", "aXc", "", "bX", ""),
        ("abc", "abcd", "d", "", ""),
        ("abc", "ac", "", "", "b"),
        ("abc", "cab", "", "", ""),
        ("abc", "aXYc", "Y", "bX", ""),
        ("", "ab", "ab", "", ""),
        ("ab", "", "", "", "ab"),
    ],
)
def test_an_edit_says_what_was_added_changed_and_removed(
    before: str, after: str, added: str, changed: str, removed: str
) -> None:
    pairs = [{"from": changed[0], "to": changed[1]}] if changed else []
    expected = {"added": list(added), "changed": pairs, "removed": list(removed)}
    assert changes(list(before), list(after)) == expected


@given(LISTS, LISTS)
def test_every_text_that_came_or_went_is_named_once(before: list[str], after: list[str]) -> None:
    said = changes(before, after)
    gone = said["removed"] + [pair["from"] for pair in said["changed"]]
    come = said["added"] + [pair["to"] for pair in said["changed"]]
    assert sorted(gone) == sorted(set(before) - set(after))
    assert sorted(come) == sorted(set(after) - set(before))
