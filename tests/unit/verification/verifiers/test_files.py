"""Rules about which files a change touches: paths, size, file_size, tests_changed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import MAX_BYTES, CannotEvaluate, ChangeSet
from affidavit.verification.outcomes import SHOWN_FILES, SHOWN_PLACES, Outcome
from affidavit.verification.verifiers import VERIFIERS
from tests.support.changesets import added, change_set, changes


def outcome(change: ChangeSet, kind: str, **settings: Any) -> Outcome:
    verifier = VERIFIERS[kind]
    rule = verifier.model.model_validate({"id": "r", "title": "T", "kind": kind} | settings)
    return verifier.verify(rule, change)


def test_a_forbidden_path_fails_at_that_path() -> None:
    found = outcome(added({"a.py": "x\n", "b/.env": "x\n"}), "paths", never=[".env"])
    assert found.status is VerdictStatus.FAIL
    assert found.location is not None
    assert (found.location.file, found.location.start_line) == ("b/.env", None)
    assert (
        found.reason == "'b/.env' is a path that the rule forbids: it was added and matches '.env'."
    )


def test_a_path_outside_of_what_is_allowed_fails() -> None:
    change = changes({"src/a.py": ("x\n", "y\n"), "ci/run": ("x\n", None)})
    found = outcome(change, "paths", only=["src/**"])
    assert found.status is VerdictStatus.FAIL
    assert "'ci/run'" in found.reason
    assert "deleted and matches none of 'src/**'" in found.reason
    assert outcome(change, "paths", only=["src/**", "ci/"]).status is VerdictStatus.PASS
    assert outcome(change, "paths", only=["src/**"], exclude=["ci/"]).status is VerdictStatus.PASS


def test_a_rename_touches_both_paths() -> None:
    change = change_set(renamed={"new/a.py": "old/a.py"}).of({"new/a.py": ("x\n", "x\n")})
    assert outcome(change, "paths", only=["new/**"]).status is VerdictStatus.FAIL
    assert (
        outcome(change, "paths", never=["old/**"], changes=["added"]).status is VerdictStatus.PASS
    )
    assert (
        outcome(change, "paths", never=["new/**"], changes=["added"]).status is VerdictStatus.FAIL
    )
    assert outcome(change, "paths", never=["**"], changes=["modified"]).status is VerdictStatus.PASS


def test_severity_warn_makes_a_warning_of_a_breach() -> None:
    found = outcome(added({".env": "x\n"}), "paths", never=[".env"], severity="warn")
    assert found.status is VerdictStatus.WARN


def test_a_change_within_its_size_passes_and_lists_what_was_examined() -> None:
    found = outcome(changes({"a.py": ("1\n2\n", "1\n3\n")}), "size", max_files=1, max_lines=2)
    assert found.status is VerdictStatus.PASS
    assert (
        found.reason == "The change has 1 file and 2 lines (added and deleted), within the limit."
    )
    assert found.snippet == "Examined: 1 changed file\n  modified 'a.py' +1 -1\n"


def test_a_change_that_is_too_large_names_the_largest_file_first() -> None:
    change = added({"a.py": "1\n", "b.py": "1\n2\n3\n"})
    found = outcome(change, "size", max_files=1, max_lines=3)
    assert found.status is VerdictStatus.FAIL
    assert found.reason == (
        "The change has 2 files and 4 lines (added and deleted); at most 1 file and 3 lines are allowed."
    )
    assert found.location is not None
    assert found.location.file == "b.py"
    assert outcome(change, "size", max_lines=3, exclude=["b.py"]).status is VerdictStatus.PASS
    assert outcome(change, "size", max_lines=3, files=["a.*"]).status is VerdictStatus.PASS


def test_binary_files_have_no_lines_and_the_verdict_says_so() -> None:
    found = outcome(added({"a.bin": b"\x00", "b.py": "1\n"}), "size", max_lines=1)
    assert found.status is VerdictStatus.PASS
    assert "1 binary file among them has no lines" in found.reason


def test_the_lines_of_a_huge_text_are_unknown_not_none() -> None:
    huge = "x\n" * (MAX_BYTES // 2 + 1)
    with pytest.raises(CannotEvaluate, match="lines of so large a file are not counted"):
        outcome(added({"huge.txt": huge}), "size", max_lines=10)
    assert outcome(added({"huge.txt": huge}), "size", max_files=1).status is VerdictStatus.PASS


def test_many_files_are_listed_in_part_and_the_rest_is_counted() -> None:
    change = added({f"f{number}.py": "x\n" for number in range(SHOWN_FILES + 5)})
    assert "(5 further files not shown)" in str(outcome(change, "size", max_files=1000).snippet)
    many = outcome(change, "paths", never=["*.py"]).snippet
    assert f"({SHOWN_FILES + 5 - SHOWN_PLACES} further places not shown)" in str(many)


def test_a_large_file_fails_and_a_deleted_one_does_not() -> None:
    change = changes(
        {"a.bin": (None, b"\x00" * 11), "b.txt": (None, "x" * 11), "c.bin": (b"\x00" * 99, None)}
    )
    found = outcome(change, "file_size", max_bytes=10, binary_only=True)
    assert found.reason == "'a.bin' has 11 bytes; at most 10 are allowed."
    assert "1 further file likewise" in outcome(change, "file_size", max_bytes=10).reason
    assert outcome(change, "file_size", max_bytes=11).status is VerdictStatus.PASS


RULE: dict[str, Any] = {
    "source": ["src/**/*.py"],
    "tests": ["tests/**"],
    "exclude": ["**/migrations/**"],
}


def test_source_without_tests_is_a_breach_and_with_tests_is_not() -> None:
    alone = changes({"src/a.py": ("1\n", "2\n")})
    found = outcome(alone, "tests_changed", **RULE)
    assert found.status is VerdictStatus.FAIL
    assert found.location is not None
    assert found.location.file == "src/a.py"
    both = changes({"src/a.py": ("1\n", "2\n"), "tests/test_a.py": ("1\n", "2\n")})
    assert outcome(both, "tests_changed", **RULE).status is VerdictStatus.PASS


def test_a_deleted_test_does_not_count_as_a_test_and_deleted_source_asks_for_none() -> None:
    change = changes({"src/a.py": ("1\n", "2\n"), "tests/test_a.py": ("1\n", None)})
    assert outcome(change, "tests_changed", **RULE).status is VerdictStatus.FAIL
    assert (
        outcome(changes({"src/a.py": ("1\n", None)}), "tests_changed", **RULE).status
        is VerdictStatus.PASS
    )


def test_a_move_without_an_edit_and_excluded_source_ask_for_no_tests() -> None:
    moved = change_set(renamed={"src/b.py": "src/a.py"}).of({"src/b.py": ("1\n", "1\n")})
    assert outcome(moved, "tests_changed", **RULE).status is VerdictStatus.PASS
    excluded = added({"src/migrations/1.py": "x\n"})
    found = outcome(excluded, "tests_changed", **RULE)
    assert found.status is VerdictStatus.PASS
    assert found.reason.startswith(
        "The rule has nothing to check: no source file that matches 'src/**/*.py'"
    )
    assert found.snippet == "Changed: 1 changed file\n  added    'src/migrations/1.py' +1 -0\n"


def test_paths_that_act_on_a_screen_are_shown_by_their_numbers() -> None:
    found = outcome(added({"a\x1b[2J\u202eb.py": "x\n"}), "paths", never=["*.py"])
    assert "'a\\u{1b}[2J\\u{202e}b.py'" in found.reason
    assert found.location is not None
    assert found.location.file == "a\x1b[2J\u202eb.py", "the location is the path itself"


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("paths", {}),
        ("paths", {"never": ["**.py"]}),
        ("paths", {"never": ["a"], "changes": []}),
        ("paths", {"never": ["a"], "changes": ["moved"]}),
        ("size", {}),
        ("size", {"max_files": -1}),
        ("size", {"max_files": "3"}),
        ("size", {"max_files": 3, "surprise": 1}),
        ("file_size", {}),
        ("tests_changed", {"source": ["a"]}),
        ("tests_changed", {"source": [], "tests": ["a"]}),
        ("size", {"max_files": 3, "when": {}}),
        ("size", {"max_files": 3, "when": {"language": ["klingon"]}}),
    ],
)
def test_a_rule_that_says_nothing_or_nonsense_is_refused(
    kind: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        VERIFIERS[kind].model.model_validate({"id": "r", "title": "T", "kind": kind} | settings)
