"""Rules about what changed files say: text, pattern, message."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import CannotEvaluate, ChangeSet
from affidavit.verification.outcomes import Location, Outcome
from affidavit.verification.verifiers import VERIFIERS
from affidavit.verification.verifiers.pattern import MAX_PARSED_BYTES
from affidavit.verification.verifiers.text import overlaps
from tests.support.changesets import added, change_set, changes, commit


def outcome(change: ChangeSet, kind: str, **settings: Any) -> Outcome:
    verifier = VERIFIERS[kind]
    rule = verifier.model.model_validate({"id": "r", "title": "T", "kind": kind} | settings)
    return verifier.verify(rule, change)


def test_forbidden_text_in_an_added_line_fails_with_the_line_as_evidence() -> None:
    change = changes({"a.py": ("old TODO\nx\n", "old TODO\nx\nnew TODO\n")})
    found = outcome(change, "text", forbidden=["TODO"])
    assert found.status is VerdictStatus.FAIL
    assert found.location == Location("a.py", 3, 3)
    assert found.reason == "Forbidden text was found in 'a.py', line 3."
    assert found.snippet == "'a.py', line 3: matches 'TODO'\n     3 | new TODO\n"


def test_with_the_whole_file_in_scope_old_lines_count_too() -> None:
    change = changes({"a.py": ("old TODO\n", "old TODO\nnew TODO\n"), "b.py": (None, "TODO\n")})
    found = outcome(change, "text", forbidden=["TODO"], scope="file")
    assert found.location == Location("a.py", 1, 1)
    assert (
        found.reason
        == "Forbidden text was found at 3 places in 2 files, the first in 'a.py', line 1."
    )


def test_text_that_was_there_before_is_nobodys_new_fault() -> None:
    change = changes({"a.py": ("TODO\n", "TODO\nx\n")})
    assert outcome(change, "text", forbidden=["TODO"]).status is VerdictStatus.PASS


def test_a_match_over_several_lines_counts_when_one_of_them_was_added() -> None:
    change = changes({"a.py": ("a\nb\n", "a\nnew\nb\n")})
    found = outcome(change, "text", forbidden=[r"a\nnew\nb"])
    assert found.location == Location("a.py", 1, 3)


def test_a_secret_is_not_copied_into_the_evidence() -> None:
    found = outcome(added({"a.py": "key = s3cr3t\n"}), "text", forbidden=[r"s3cr\dt"], redact=True)
    assert found.status is VerdictStatus.FAIL
    assert found.location == Location("a.py", 1, 1)
    assert "its text is withheld" in str(found.snippet)
    assert "s3cr3t" not in f"{found.reason}{found.snippet}"


def test_required_text_must_be_in_each_changed_file() -> None:
    change = added({"a.py": "# Licence\n", "b.py": "x\n", "c.txt": "x\n"})
    found = outcome(change, "text", required=["^# Licence$"], files=["*.py"])
    assert found.status is VerdictStatus.FAIL
    assert found.reason == "Required text is missing in 'b.py'."
    assert (
        outcome(change, "text", required=["^# Licence$"], files=["a.py"]).status
        is VerdictStatus.PASS
    )


def test_what_is_no_text_is_not_read_and_the_verdict_says_so() -> None:
    change = change_set(links=("l.py",)).of({
        "a.py": (None, "x\n"), "b.bin": (None, b"TODO\x00"), "l.py": (None, "TODO"),
    })  # fmt: skip
    found = outcome(change, "text", forbidden=["TODO"])
    assert found.status is VerdictStatus.PASS
    assert "(2 files not read, being no text)" in found.reason
    nothing = outcome(added({"b.bin": b"\x00"}), "text", forbidden=["TODO"])
    assert (
        nothing.reason
        == "The rule has nothing to check: no changed file of the rule's is a text file."
    )


def test_a_rule_whose_files_did_not_change_says_so() -> None:
    found = outcome(added({"a.py": "x\n"}), "text", forbidden=["x"], files=["*.js", "*.ts"])
    assert (
        found.reason == "The rule has nothing to check: no changed file matches '*.js' or '*.ts'."
    )


def test_bytes_that_are_not_utf8_do_not_stop_the_search() -> None:
    found = outcome(added({"a.py": b"caf\xe9\nTODO \xff\n"}), "text", forbidden=["TODO"])
    assert found.location == Location("a.py", 2, 2)
    assert "TODO \ufffd" in str(found.snippet)


def test_a_long_line_is_cut_openly() -> None:
    found = outcome(added({"a.js": "x" * 1000 + "TODO\n"}), "text", forbidden=["TODO"])
    assert "(804 further characters not shown)" in str(found.snippet)
    found = outcome(added({"a.js": "a\n" + "b\n" * 30 + "c\n"}), "text", forbidden=[r"a\n(b\n)+c"])
    assert "(22 further lines not shown)" in str(found.snippet)


def test_an_expression_that_would_backtrack_for_ever_takes_no_time() -> None:
    started = time.perf_counter()
    found = outcome(
        added({"a.py": "a" * 200_000 + "!\n"}),
        "text",
        forbidden=["^(a+)+$", "(a|a)*b", "(.*,){20}x"],
    )
    assert found.status is VerdictStatus.PASS
    assert time.perf_counter() - started < 5


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 5)), max_size=6),
    st.integers(1, 60),
    st.integers(0, 5),
)
def test_overlap_is_what_it_is_by_definition(
    pieces: list[tuple[int, int]], first: int, more: int
) -> None:
    ranges: list[range] = []
    for start, length in sorted(pieces):
        if not ranges or start >= ranges[-1].stop:
            ranges.append(range(start, start + length))
    lines = range(first, first + more + 1)
    assert overlaps(ranges, first, first + more) is any(
        line in part for part in ranges for line in lines
    )


def test_a_forbidden_pattern_is_found_by_structure_not_by_text() -> None:
    code = '# breakpoint()\ntext = "breakpoint()"\nbreakpoint(\n)\n'
    found = outcome(added({"a.py": code, "b.js": "breakpoint()\n"}), "pattern", languages=["python"],
                    forbidden=["breakpoint()"])  # fmt: skip
    assert found.status is VerdictStatus.FAIL
    assert found.location == Location("a.py", 3, 4)
    assert found.snippet is not None
    assert "     3 | breakpoint(\n     4 | )" in found.snippet


def test_metavariables_and_rule_objects_of_ast_grep_are_understood() -> None:
    change = added({"a.py": "print(1, 2)\neval('x')\n"})
    assert outcome(
        change, "pattern", languages=["python"], forbidden=["print($$$)"]
    ).location == Location("a.py", 1, 1)
    rule = {
        "pattern": "eval($X)",
        "not": {"inside": {"kind": "function_definition", "stopBy": "end"}},
    }
    assert outcome(change, "pattern", languages=["python"], forbidden=[rule]).location == Location(
        "a.py", 2, 2
    )


def test_a_pattern_in_an_old_line_is_nobodys_new_fault() -> None:
    change = changes({"a.py": ("breakpoint()\n", "breakpoint()\nx\n")})
    settings: dict[str, Any] = {"languages": ["python"], "forbidden": ["breakpoint()"]}
    assert outcome(change, "pattern", **settings).status is VerdictStatus.PASS
    assert outcome(change, "pattern", scope="file", **settings).status is VerdictStatus.FAIL


def test_a_required_pattern_must_be_in_each_file_of_the_language() -> None:
    change = added({"a.py": "from __future__ import annotations\n", "b.py": "x = 1\n"})
    found = outcome(
        change, "pattern", languages=["python"], required=["from __future__ import annotations"]
    )
    assert found.reason == "A required pattern is missing in 'b.py'."


def test_code_that_can_not_be_parsed_is_a_stated_doubt() -> None:
    found = outcome(added({"a.py": "def (:\n  print 'pdb'\n# set_trace\n"}), "pattern", languages=["python"],
                    forbidden=["pdb.set_trace()"])  # fmt: skip
    assert found.status is VerdictStatus.PASS
    assert "1 file could be parsed in part only" in found.reason


def test_a_file_too_large_to_parse_is_an_error_only_if_it_could_match() -> None:
    padding = "# padding\n" * (MAX_PARSED_BYTES // 10 + 1)
    settings: dict[str, Any] = {"languages": ["python"], "forbidden": ["breakpoint()"]}
    assert outcome(added({"a.py": padding}), "pattern", **settings).status is VerdictStatus.PASS
    with pytest.raises(CannotEvaluate, match="are not parsed"):
        outcome(added({"a.py": padding + "breakpoint()\n"}), "pattern", **settings)


def test_deeply_nested_code_is_parsed_without_harm() -> None:
    code = "(" * 50_000 + "breakpoint" + ")" * 50_000 + "\n"
    found = outcome(
        added({"a.py": code}), "pattern", languages=["python"], forbidden=["breakpoint()"]
    )
    assert found.status is VerdictStatus.PASS


def test_a_message_is_held_to_its_length_and_words() -> None:
    change = change_set(commit("x" * 73, "Refs: 12")).of({})
    found = outcome(change, "message", subject_max=72)
    assert (found.status, found.location) == (VerdictStatus.FAIL, None)
    assert found.reason == "The subject has 73 characters; at most 72 are allowed."
    assert outcome(change, "message", required=[r"^Refs: \d+$"]).status is VerdictStatus.PASS
    assert (
        "lacks what is required" in outcome(change, "message", required=["^Signed-off-by: "]).reason
    )
    assert "holds what is forbidden" in outcome(change, "message", forbidden=["(?i)refs"]).reason


def test_merge_commits_can_be_left_out() -> None:
    change = change_set(commit("x" * 99, parents=2)).of({})
    assert outcome(change, "message", subject_max=72).status is VerdictStatus.FAIL
    assert (
        "leaves merge commits out"
        in outcome(change, "message", subject_max=72, merges=False).reason
    )


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("text", {}, "at least one regular expression"),
        ("text", {"forbidden": ["("]}, "missing )"),
        ("text", {"forbidden": ["(?<=a)b"]}, "invalid perl operator"),
        ("text", {"forbidden": [r"(a)\1"]}, "invalid escape"),
        ("text", {"forbidden": ["a*"]}, "matches the empty text"),
        ("text", {"forbidden": ["a"], "scope": "diff"}, "scope"),
        ("pattern", {"languages": ["python"]}, "at least one pattern"),
        ("pattern", {"languages": ["python"], "forbidden": [""]}, "must not be empty"),
        ("pattern", {"languages": ["python"], "forbidden": ["a; b"]}, "Multiple AST nodes"),
        ("pattern", {"languages": ["python"], "forbidden": [{"zap": 1}]}, "unknown field"),
        ("pattern", {"languages": ["python"], "forbidden": [{"regex": "("}]}, "unclosed group"),
        ("pattern", {"languages": ["klingon"], "forbidden": ["a"]}, "no known language"),
        ("message", {}, "give subject_max"),
    ],
)
def test_what_can_not_be_compiled_is_refused_when_the_rules_are_read(
    kind: str, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        VERIFIERS[kind].model.model_validate({"id": "r", "title": "T", "kind": kind} | settings)
    assert says in str(caught.value)
    assert "Stack backtrace" not in str(caught.value)
