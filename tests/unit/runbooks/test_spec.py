"""A spec is read exactly as it was written, or refused with the line that is wrong."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.runbooks.spec import EMPTY_MESSAGE, SpecError, from_commit_message, parse

PLAIN = """# Sign people out after an hour

## Intent

Idle sessions stay open for ever.

### Background

See the report.

## Acceptance Criteria

- An idle session ends after 60 minutes
* A request resets the clock
- [ ] The limit is a setting
- [x] The setting is documented
"""


def problems(markdown: str) -> list[tuple[int, str]]:
    with pytest.raises(SpecError) as caught:
        parse(markdown)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_title_intent_and_every_kind_of_bullet_are_read() -> None:
    spec = parse(PLAIN)
    assert spec.title == "Sign people out after an hour"
    assert spec.intent == "Idle sessions stay open for ever.\n\n### Background\n\nSee the report."
    assert spec.criteria == (
        "An idle session ends after 60 minutes",
        "A request resets the clock",
        "The limit is a setting",
        "The setting is documented",
    )


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, lambda text: text.replace("Criteria", "Criteria:")]
)
def test_headings_count_in_any_case(change: object) -> None:
    headings = "# T\n## Intent\nx\n## Acceptance Criteria\n- y\n"
    assert len(parse(change(headings)).criteria) == 1  # type: ignore[operator]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    assert parse("\ufeff" + PLAIN.replace("\n", "\r\n")) == parse(PLAIN)


def test_the_order_of_the_sections_is_free() -> None:
    spec = parse("# T\n## Acceptance Criteria\n- a\n## Intent\nwhy\n")
    assert (spec.intent, spec.criteria) == ("why", ("a",))


def test_a_bullet_goes_on_over_wrapped_indented_nested_and_fenced_lines() -> None:
    spec = parse(
        "# T\n## Intent\nx\n## Acceptance Criteria\n"
        "- first line\n  wrapped\nlazily wrapped\n"
        "- second\n\n  a paragraph of the second\n  - nested\n"
        "- third\n  ```\n  - not a bullet\n  ## not a heading\n  ```\n"
    )
    assert spec.criteria == (
        "first line wrapped lazily wrapped",
        "second\n\na paragraph of the second\n- nested",
        "third\n  ```\n  - not a bullet\n  ## not a heading\n  ```",
    )


def test_a_bullet_may_begin_on_the_line_after_its_mark() -> None:
    assert parse("# T\n## Intent\nx\n## Acceptance Criteria\n-\n  text\n").criteria == ("text",)


def test_headings_in_a_fenced_block_belong_to_the_text() -> None:
    spec = parse(
        "# T\n## Intent\n```\n# not a title\n## Acceptance Criteria\n```\n## Acceptance Criteria\n- a\n"
    )
    assert "# not a title" in spec.intent
    assert spec.criteria == ("a",)


def test_everything_that_is_missing_is_named_at_once() -> None:
    found = problems("")
    assert len(found) == 3
    said = " ".join(message for _, message in found)
    assert "title is missing" in said
    assert "'## Intent' is missing" in said
    assert "'## Acceptance Criteria' is missing" in said


@pytest.mark.parametrize(
    ("markdown", "line", "says"),
    [
        (PLAIN + "\n# Again\n", 18, "a second title"),
        (PLAIN + "\n## Intent\nmore\n", 18, "stands in line 3 already"),
        (PLAIN + "\n## Notes\nmore\n", 18, "'## Notes' is no section of a spec"),
        (PLAIN + "\nThat is all.\n", 18, "belongs to no bullet"),
        (PLAIN + "\n### More\n- x\n", 18, "no headings of their own"),
        (PLAIN + "-\n", 17, "this bullet is empty"),
        (PLAIN + "- [ ] \n", 17, "this bullet is empty"),
        ("# T\nstray\n## Intent\nx\n## Acceptance Criteria\n- a\n", 2, "belongs to no section"),
        ("# \n## Intent\nx\n## Acceptance Criteria\n- a\n", 1, "the title is empty"),
        ("# T\n## Intent\n\n## Acceptance Criteria\n- a\n", 2, "the intent is empty"),
        ("# T\n## Intent\nx\n## Acceptance Criteria\n\n", 4, "there is no criterion"),
        ("# T\n## Intent\nx\n## Acceptance Criteria\n1. a\n", 5, "instead of the number"),
        ("# T\n## Intent\nx\n## Acceptance Criteria\n- a\n2. b\n", 6, "instead of the number"),
        ("# T\n## Intent\nx\x00\n## Acceptance Criteria\n- a\n", 3, "NUL"),
        ("# T\n## Intent\nx\n## Acceptance Criteria\n- \ud800\n", 5, "surrogate"),
        (f"# {'t' * 1001}\n## Intent\nx\n## Acceptance Criteria\n- a\n", 1, "1001 characters"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(markdown: str, line: int, says: str) -> None:
    found = problems(markdown)
    assert [number for number, message in found if says in message] == [line], found


def test_the_error_carries_its_problems_for_machines() -> None:
    with pytest.raises(SpecError) as caught:
        parse("# T\n")
    assert [item["line"] for item in caught.value.extra["problems"]] == [2, 2]
    assert "line 2" in caught.value.message


def is_plain(text: str) -> bool:
    """Say whether the text means the same as a title, as an intent and as a bullet."""
    return text.strip() == text and text[0] not in "-*+#`~[0123456789" and not text.endswith("#")


LINE = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1
).filter(is_plain)


@given(title=LINE, intent=LINE, criteria=st.lists(LINE, min_size=1, max_size=6))
def test_what_is_written_as_a_spec_is_read_back(
    title: str, intent: str, criteria: list[str]
) -> None:
    bullets = "\n".join(f"- {criterion}" for criterion in criteria)
    spec = parse(f"# {title}\n\n## Intent\n\n{intent}\n\n## Acceptance Criteria\n\n{bullets}\n")
    assert (spec.title, spec.intent, spec.criteria) == (title, intent, tuple(criteria))


@given(st.text())
def test_any_text_is_read_or_refused_never_a_crash(text: str) -> None:
    with contextlib.suppress(SpecError):
        assert parse(text).criteria


def test_a_commit_message_without_criteria_gives_title_and_intent() -> None:
    spec = from_commit_message("Fix the clock", "It ran backwards.\n\nSigned-off-by: A\n")
    assert spec.title == "Fix the clock"
    assert spec.intent == "It ran backwards.\n\nSigned-off-by: A"
    assert spec.criteria == ()


def test_an_empty_body_gives_the_subject_as_intent() -> None:
    assert from_commit_message("Fix it", "\n").intent == "Fix it"
    assert from_commit_message("", "").title == EMPTY_MESSAGE


def test_the_criteria_of_a_commit_message_leave_the_intent_and_nothing_else_does() -> None:
    body = "Why.\n\n### acceptance criteria\n\n- one\n- two\n  more\n\nSigned-off-by: A\n"
    spec = from_commit_message("S", body)
    assert spec.criteria == ("one", "two more")
    assert spec.intent == "Why.\n\nSigned-off-by: A"


def test_a_criteria_heading_without_bullets_stays_in_the_intent() -> None:
    spec = from_commit_message("S", "## Acceptance Criteria\nnone yet\n")
    assert spec.criteria == ()
    assert spec.intent == "## Acceptance Criteria\nnone yet"


def test_a_subject_too_long_for_a_title_is_cut_openly_and_kept_whole_in_the_intent() -> None:
    subject = "x" * 1500
    spec = from_commit_message(subject, "Body.")
    assert len(spec.title) == 1000
    assert spec.title.endswith("(1500 characters; in full in the intent)")
    assert spec.intent == f"{subject}\n\nBody."


@given(st.text(), st.text())
def test_a_commit_message_is_never_refused(subject: str, body: str) -> None:
    spec = from_commit_message(subject, body)
    assert spec.title.strip()
    assert spec.intent.strip()
    assert all(criterion.strip() for criterion in spec.criteria)
