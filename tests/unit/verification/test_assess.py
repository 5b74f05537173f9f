"""A commit is assessed by its own criteria and the standing rules, and no verdict is invented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affidavit.kit.errors import AffidavitError
from affidavit.records.types import VerdictStatus
from affidavit.verification.assess import NO_VERIFIER, Assessed, assess, evaluate
from affidavit.verification.config import RuleSet, parse_rules
from affidavit.verification.git import Repository
from affidavit.verification.verifiers.size import SizeVerifier
from tests.support.changesets import added
from tests.support.gitrepo import GitRepo

RULES = parse_rules(
    b"""version: 1
rules:
  - {id: small, title: It is small, kind: size, max_files: 1}
  - {id: no-todo, title: No TODO, kind: text, forbidden: [TODO], when: {language: [python]}}
  - {id: docs, title: Docs have titles, kind: text, required: ['^# '], when: {file_path_glob: ['docs/**']}}
""",
    source="rules.yaml",
)


@pytest.fixture
def made(tmp_path: Path) -> GitRepo:
    return GitRepo(tmp_path / "made")


@pytest.fixture
def opened(made: GitRepo) -> Iterator[Repository]:
    with Repository.open(made.path) as repository:
        yield repository


def assessed(
    opened: Repository, sha: str, *criteria: str, rules: RuleSet = RULES
) -> list[Assessed]:
    return assess(repository=opened, commit=opened.commit(sha), criteria=criteria, rules=rules)


def test_each_applying_rule_gives_one_outcome_in_the_order_of_the_file(
    made: GitRepo, opened: Repository
) -> None:
    sha = made.commit("1", a__py="x = 1  # TODO\n")
    found = assessed(opened, sha)
    assert [(item.rule_id, item.verifier, item.outcome.status) for item in found] == [
        ("small", "size", VerdictStatus.PASS),
        ("no-todo", "text", VerdictStatus.FAIL),
    ]
    assert all(item.is_invariant for item in found)
    assert [item.criterion for item in found] == ["It is small", "No TODO"]


def test_a_condition_holds_for_the_path_before_a_change_too(
    made: GitRepo, opened: Repository
) -> None:
    made.commit("1", **{"docs/a__md": "# A\n"})
    made.remove("docs/a.md")
    found = assessed(opened, made.commit("2"))
    assert [item.rule_id for item in found] == ["small", "docs"]
    assert found[1].outcome.reason == (
        "The rule has nothing to check: the change leaves no file that the rule is about."
    )


def test_a_criterion_that_names_a_rule_is_decided_by_it(made: GitRepo, opened: Repository) -> None:
    found = assessed(
        opened, made.commit("1", a__py="1\n"), "Nothing is left to do (rule: no-todo)"
    )[0]
    assert (found.criterion, found.is_invariant) == ("Nothing is left to do (rule: no-todo)", False)
    assert (found.verifier, found.rule_id, found.outcome.status) == (
        "text",
        "no-todo",
        VerdictStatus.PASS,
    )


def test_free_text_is_an_error_that_says_that_nobody_can_check_it(
    made: GitRepo, opened: Repository
) -> None:
    found = assessed(opened, made.commit("1", a__py="1\n"), "It feels fast")[0]
    assert (found.verifier, found.rule_id, found.is_invariant) == (NO_VERIFIER, None, False)
    assert found.outcome.status is VerdictStatus.ERROR
    assert found.outcome.reason.startswith("No verifier is configured for free text")


def test_a_criterion_that_names_an_unknown_rule_is_an_error(
    made: GitRepo, opened: Repository
) -> None:
    found = assessed(opened, made.commit("1", a__py="1\n"), "Right (rule: nope)")[0]
    assert found.outcome.status is VerdictStatus.ERROR
    assert (
        "'nope', which rules.yaml does not have. It has small, no-todo, docs."
        in found.outcome.reason
    )


def test_where_the_change_is_unknown_every_rule_is_an_error(tmp_path: Path, made: GitRepo) -> None:
    made.commit("1", a__py="1\n")
    made.commit("2", a__py="2\n")
    made.git("clone", "-q", "--depth=1", f"file://{made.path}", str(tmp_path / "shallow"))
    with Repository.open(tmp_path / "shallow") as repository:
        found = assessed(repository, repository.resolve())
    assert [(item.rule_id, item.outcome.status) for item in found] == [
        (rule.id, VerdictStatus.ERROR) for rule in RULES.rules
    ]
    assert "shallow" in found[0].outcome.reason


def test_a_rule_that_needs_what_is_too_large_to_read_is_an_error(
    made: GitRepo, opened: Repository
) -> None:
    found = assessed(opened, made.commit("1", a__py="# a\n" * 3_000_000))
    assert found[1].outcome.status is VerdictStatus.ERROR
    assert "'a.py' has 12,000,000 bytes" in found[1].outcome.reason


class PanicException(BaseException):
    pass


@pytest.mark.parametrize("error", [ZeroDivisionError, PanicException])
def test_a_verifier_that_breaks_gives_an_error_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(SizeVerifier, "verify", broken)
    outcome = evaluate(RULES.rules[0], added({"a.py": "1\n"}))
    assert outcome.status is VerdictStatus.ERROR
    assert error.__name__ in outcome.reason


@pytest.mark.parametrize(
    "error", [AffidavitError("The repository is damaged."), KeyboardInterrupt()]
)
def test_what_stops_the_whole_program_is_not_taken_for_a_verdict(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(SizeVerifier, "verify", broken)
    with pytest.raises(type(error)):
        evaluate(RULES.rules[0], added({"a.py": "1\n"}))
