"""Evaluates one commit: its own criteria and the standing rules, one outcome each, none invented."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from affidavit.kit.errors import AffidavitError
from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import CannotEvaluate, ChangeSet, Commit
from affidavit.verification.config import RuleSet
from affidavit.verification.git import Repository
from affidavit.verification.outcomes import Outcome
from affidavit.verification.rules import Rule
from affidavit.verification.verifiers import VERIFIERS

NO_VERIFIER = "none"  # the verifier's name in a verdict that no verifier could give
_NAMES_RULE = re.compile(r"\(rule:[ \t]*([^()\s]+)[ \t]*\)\s*$")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Assessed:
    """A criterion with its outcome; `rule_id` is the rule that was evaluated, None where none was."""

    criterion: str
    is_invariant: bool
    verifier: str
    rule_id: str | None
    outcome: Outcome


def assess(
    *, repository: Repository, commit: Commit, criteria: Sequence[str], rules: RuleSet
) -> list[Assessed]:
    """Evaluate the commit's own criteria, in their order, then every standing rule that applies to it.

    A criterion that ends in `(rule: ID)` is decided by that rule. Free text that names none gets `error`,
    for no verifier for free text is configured.

    Raises:
        GitError: the repository can't be read.
    """
    change_set = _change_set(repository, commit)
    own = [_assess_criterion(text, rules, change_set) for text in criteria]
    standing = [
        _assessed(rule.title, rule, change_set, is_invariant=True)
        for rule in rules.rules
        if isinstance(change_set, CannotEvaluate) or rule.applies(change_set)
    ]
    return own + standing


def evaluate(rule: Rule, change_set: ChangeSet | CannotEvaluate) -> Outcome:
    """Return the outcome of one rule; `error` with the reason where it can't be known."""
    if isinstance(change_set, CannotEvaluate):
        return Outcome(VerdictStatus.ERROR, str(change_set))
    try:
        return VERIFIERS[rule.kind].verify(rule, change_set)
    except CannotEvaluate as reason:
        return Outcome(VerdictStatus.ERROR, str(reason))
    except AffidavitError:
        raise
    except BaseException as error:
        # What a native library calls a panic is no Exception; every other BaseException ends the program.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        _log.exception("verifier_broke", rule=rule.id, kind=rule.kind, commit=change_set.commit.sha)
        return Outcome(
            VerdictStatus.ERROR,
            f"The verifier '{rule.kind}' broke on this change ({type(error).__name__}), which is a defect of"
            " Affidavit; the log has the details.",
        )


def _change_set(repository: Repository, commit: Commit) -> ChangeSet | CannotEvaluate:
    try:
        return repository.change_set(commit)
    except CannotEvaluate as reason:
        return reason


def _assess_criterion(
    text: str, rules: RuleSet, change_set: ChangeSet | CannotEvaluate
) -> Assessed:
    named = _NAMES_RULE.search(text)
    rule = rules.by_id(named[1]) if named else None
    if rule is not None:
        return _assessed(text, rule, change_set, is_invariant=False)
    if named is None:
        reason = (
            "No verifier is configured for free text: the criterion names no rule, and no language model is"
            " set up. End it with '(rule: ID)' to have it checked by a rule."
        )
    else:
        reason = (
            f"The criterion names the rule '{named[1]}', which {rules.source} does not have. It has"
            f" {', '.join(rule.id for rule in rules.rules)}."
        )
    unknown = Outcome(VerdictStatus.ERROR, reason)
    return Assessed(
        criterion=text, is_invariant=False, verifier=NO_VERIFIER, rule_id=None, outcome=unknown
    )


def _assessed(
    text: str, rule: Rule, change_set: ChangeSet | CannotEvaluate, *, is_invariant: bool
) -> Assessed:
    return Assessed(
        criterion=text,
        is_invariant=is_invariant,
        verifier=rule.kind,
        rule_id=rule.id,
        outcome=evaluate(rule, change_set),
    )
