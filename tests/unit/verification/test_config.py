"""The rules file is read strictly, and an error names the line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.kit.errors import InvalidInput, NotFound
from affidavit.verification.config import (
    FILE_NAME,
    RulesError,
    parse_rules,
    rules_in,
    rules_of,
    starter_rules,
)
from affidavit.verification.git import Repository
from affidavit.verification.verifiers import VERIFIERS
from tests.support.gitrepo import GitRepo

ROOT = Path(__file__).parents[3]
GOOD = """version: 1
rules:
  - id: small
    title: It is small
    kind: size
    max_files: 3
  - id: no-env
    title: No secrets
    kind: paths
    severity: warn
    never: [.env]
"""


def problems(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(RulesError) as caught:
        parse_rules(text.encode() if isinstance(text, str) else text, source="rules.yaml")
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_rules_are_read_in_their_order_with_the_digest_of_the_file() -> None:
    rules = parse_rules(GOOD.encode(), source="here")
    assert [rule.id for rule in rules.rules] == ["small", "no-env"]
    assert rules.rules[0].severity == "fail"
    assert rules.source == "here"
    assert len(rules.sha256) == 64
    assert rules.by_id("no-env") is rules.rules[1]
    assert rules.by_id("other") is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "it is empty"),
        ("[]", 1, "must hold 'version: 1'"),
        ("rules: []\nversion: 1\n", 1, "a list of 1 to 200 rules"),
        (GOOD.replace("version: 1", "version: 2"), 1, "'version' must be 1"),
        (GOOD.replace("version: 1", "version: true"), 1, "'version' must be 1"),
        (GOOD + "extra: 1\n", 12, "'extra' is unknown"),
        (
            GOOD.replace("max_files: 3", "max_files: three"),
            6,
            "'max_files': Input should be a valid integer",
        ),
        (
            GOOD.replace("max_files: 3", "max_filez: 3"),
            6,
            "'max_filez': it is unknown; this kind of rule has",
        ),
        (GOOD.replace("    title: It is small\n", ""), 3, "'title': it is missing"),
        (
            GOOD.replace("kind: size", "kind: sise"),
            5,
            "the kind 'sise' is unknown; kinds are dependencies",
        ),
        (GOOD.replace("    kind: size\n", ""), 3, "'kind' is missing"),
        (
            GOOD.replace("id: no-env", "id: small"),
            7,
            "the id 'small' is taken by the rule in line 3",
        ),
        (
            GOOD.replace("title: No secrets", "title: It is small"),
            8,
            "the title 'It is small' is taken",
        ),
        (GOOD.replace("id: no-env", "id: No Env"), 7, "'id': String should match pattern"),
        (GOOD.replace("[.env]", "['**.env']"), 11, "must be a whole segment"),
        (GOOD.replace("never: [.env]", "never:\n      - a\n      - '[z'\n"), 13, "is never closed"),
        (GOOD.replace("[.env]", "[*.env]"), 11, "put patterns that begin with * in quotes"),
        (
            GOOD.replace("severity: warn", "severity: warn\n    severity: fail"),
            11,
            "'severity' stands in line 10",
        ),
        (GOOD.replace("severity: warn", "yes: 1"), 10, "the name 'yes' is no text"),
        (GOOD.replace("[.env]", "&a [.env]\n    exclude: *a"), 11, "anchors and aliases"),
        (GOOD.replace("[.env]", "!!python/object:os.system [.env]"), 11, "is not allowed"),
        (GOOD.replace("  - id: no-env", "  - just text\n  - id: no-env"), 7, "a rule is a mapping"),
        ("version: 1\nrules: [}\n", 2, "it is no YAML"),
        ("version: 1\nrules: &a [x, *a]\n", 2, "anchors and aliases"),
        ("version: 1\nrules: 2026-01-01\n", 2, "put it in quotes"),
        (f"version: {'9' * 5000}\n", 1, "a number can't be read"),
        ("[" * 5000, 1, "nested too deeply"),
        (b"version: 1\nrules: \xff\n", 2, "it is not UTF-8"),
        ("version: 1\n# \x07\n", 1, "it is no YAML"),
        ("x" * 300_000, 1, "at most 262,144 are read"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str | bytes, line: int, says: str) -> None:
    found = problems(text)
    assert [number for number, message in found if says in message] == [line], found


def test_every_problem_is_listed_at_once() -> None:
    found = problems(GOOD.replace("max_files: 3", "max_files: -1").replace("[.env]", "['']"))
    assert [number for number, _ in found] == [6, 11]


@given(st.text())
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    assert all(line >= 1 for line, _ in problems(text))


def test_the_starter_set_is_large_enough_and_uses_every_kind() -> None:
    rules = starter_rules().rules
    assert len(rules) >= 8
    assert {rule.kind for rule in rules} == set(VERIFIERS)


def test_the_rules_at_the_tip_hold_and_the_starter_set_where_there_are_none(tmp_path: Path) -> None:
    made = GitRepo(tmp_path / "made")
    first = made.commit("1", a__txt="1\n")
    second = made.commit("2", affidavit__yaml=GOOD)
    with Repository.open(made.path) as repository:
        assert rules_of(repository, first) == starter_rules()
        own = rules_of(repository, second)
    assert own.source == f"affidavit.yaml at commit {second[:12]}"
    assert [rule.id for rule in own.rules] == ["small", "no-env"]


def test_a_rules_file_under_the_wrong_name_is_not_passed_over(tmp_path: Path) -> None:
    made = GitRepo(tmp_path / "made")
    sha = made.commit("1", affidavit__yml=GOOD)
    with Repository.open(made.path) as repository, pytest.raises(InvalidInput, match="rename it"):
        rules_of(repository, sha)


def test_a_rules_file_can_be_given_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    assert len(rules_in(tmp_path / "mine.yaml").rules) == 2
    with pytest.raises(NotFound, match="No such file"):
        rules_in(tmp_path / "absent.yaml")


def test_this_projects_own_rules_can_be_read() -> None:
    assert rules_in(ROOT / FILE_NAME).rules


def test_the_reference_shows_every_kind_every_setting_and_every_starter_rule() -> None:
    page = (ROOT / "docs" / "reference" / "affidavit-yaml.md").read_text()
    for kind, verifier in VERIFIERS.items():
        section = page.split(f"\n### `{kind}`\n", 1)[1].split("\n### ")[0]
        own = set(verifier.model.model_fields) - {"id", "title", "kind", "severity", "when"}
        assert {name for name in own if f"`{name}`" not in section} == set(), kind
    shown = set(
        re.findall(r"^\| `([a-z0-9-]+)` \|", page.split("\n## The starter set\n")[1], re.MULTILINE)
    )
    assert shown == {rule.id for rule in starter_rules().rules}
