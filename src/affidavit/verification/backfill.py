"""Records a repository's history by really verifying it, one commit after the other.

Each first-parent commit becomes a submission, a run and its verdicts, in one transaction: a backfill that
is stopped leaves whole changes alone, and goes on where it ended when it is called again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from django.db import transaction

from affidavit.identity.models import Actor, Organization, Repo
from affidavit.kit.clock import format_time
from affidavit.kit.clock import now as clock_now
from affidavit.kit.errors import InvalidInput
from affidavit.records.accounts import system_actor
from affidavit.records.models import Record
from affidavit.records.services import actor_ensure, repo_ensure
from affidavit.records.types import ActorKind, EvidenceKind, RecordType, TriggerSource, Via
from affidavit.runbooks.services import MAX_CRITERIA, GitContext, runbook_submit
from affidavit.runbooks.spec import Spec, from_commit_message
from affidavit.verification.assess import Assessed, assess
from affidavit.verification.changes import Commit
from affidavit.verification.config import RuleSet, rules_in, rules_of
from affidavit.verification.evidence import evidence_put
from affidavit.verification.git import Repository
from affidavit.verification.services import run_finish, run_start
from affidavit.verification.verdicts import MAX_VERDICTS, EvidenceUse, NewVerdict, verdicts_report

Progress = Callable[[int, int], None]  # commits done, commits in all
_NAME_LENGTH = 200


@dataclass
class Backfilled:
    """What a backfill did: commits recorded now, those recorded before, runs and verdicts by status."""

    repo: str
    branch: str
    rules: str
    commits: int = 0
    known: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What stays the same from commit to commit."""

    organization: Organization
    repository: Repository
    repo: Repo
    branch: str
    rules: RuleSet
    system: Actor


def backfill(
    *, organization: Organization, path: Path, branch: str | None = None, since: datetime | None = None,
    maximum: int | None = None, rules_file: Path | None = None, repo_name: str | None = None,
    progress: Progress | None = None,
) -> Backfilled:  # fmt: skip
    """Verify and record the first-parent commits of a branch, oldest first.

    `since` keeps those committed at that time or later, `maximum` the newest of these; None means all.
    The standing rules are those of `affidavit.yaml` at the branch's tip, of `rules_file` where one is
    given, or the starter set. Commits of this repository that are recorded already are left alone.

    Raises:
        NotFound, InvalidInput, GitError: the path, the branch or the rules can't be used.
    """
    with Repository.open(path) as repository:
        tip = repository.resolve(branch)
        rules = rules_in(rules_file) if rules_file else rules_of(repository, tip)
        name = repo_name or path.expanduser().resolve().name.removesuffix(".git") or "repository"
        job = _Job(
            organization=organization, repository=repository,
            repo=repo_ensure(organization=organization, name=name),
            branch=branch or repository.head_branch() or tip[:12], rules=rules,
            system=system_actor(organization=organization),
        )  # fmt: skip
        done = Backfilled(repo=name, branch=job.branch, rules=rules.source)
        known = _recorded(job)
        total = len(repository.commit_ids(branch=branch, since=since, maximum=maximum))
        commits = repository.iter_commits(branch=branch, since=since, maximum=maximum)
        for number, commit in enumerate(commits, start=1):
            if commit.sha in known:
                done.known += 1
            else:
                _record(job, commit, done)
            if progress:
                progress(number, total)
    return done


def _recorded(job: _Job) -> set[str]:
    found = Record.objects.filter(
        organization=job.organization, repo=job.repo,
        record_type=RecordType.RUNBOOK_SUBMISSION.value, commit_sha__isnull=False,
    )  # fmt: skip
    return {sha for sha in found.values_list("commit_sha", flat=True) if sha}


def _record(job: _Job, commit: Commit, done: Backfilled) -> None:
    """Verify one commit, then write everything about it at once."""
    spec = from_commit_message(commit.subject, commit.body)
    _refuse_too_many(commit, spec, job.rules)
    started_at = clock_now()
    assessed = assess(
        repository=job.repository, commit=commit, criteria=spec.criteria, rules=job.rules
    )
    completed_at = clock_now()
    notes = list(commit.notes)
    if commit.committed_at > completed_at:
        notes.append(
            f"The commit is dated in the future ({format_time(commit.committed_at)}); it is recorded as of now."
        )
    with transaction.atomic():
        number = _submit(job, commit, spec, notes, completed_at)
        run = run_start(
            organization=job.organization, runbook_number=number, actor=job.system,
            actor_kind=ActorKind.SYSTEM, via=Via.CLI, now=completed_at,
            trigger_source=TriggerSource.MANUAL, started_at=started_at,
        )  # fmt: skip
        if assessed:
            stored = _evidence(job, assessed, completed_at)
            verdicts_report(
                organization=job.organization, run_id=run.run_id,
                verdicts=[_verdict(item, at, stored) for at, item in enumerate(assessed, 1)],
                actor=job.system, actor_kind=ActorKind.SYSTEM, via=Via.CLI, now=completed_at,
            )  # fmt: skip
        run = run_finish(
            organization=job.organization, run_id=run.run_id, actor=job.system,
            actor_kind=ActorKind.SYSTEM, via=Via.CLI, now=completed_at, completed_at=completed_at,
        )  # fmt: skip
    done.commits += 1
    done.runs[run.status] += 1
    done.verdicts.update(item.outcome.status.value for item in assessed)
    done.notes += [f"{commit.sha[:12]}: {note}" for note in notes]


def _refuse_too_many(commit: Commit, spec: Spec, rules: RuleSet) -> None:
    if len(spec.criteria) > min(MAX_CRITERIA, MAX_VERDICTS - len(rules.rules)):
        raise InvalidInput(
            f"Commit {commit.sha} states {len(spec.criteria)} acceptance criteria, more than one runbook may"
            " have. Leave it out by --since, or record it by the API in several runbooks."
        )


def _submit(job: _Job, commit: Commit, spec: Spec, notes: list[str], now: datetime) -> int:
    """Submit the commit; what could not be recorded as it is, is stated at the end of the intent."""
    intent = "\n\n".join([spec.intent, *(f"[Note: {note}]" for note in notes)])
    author = actor_ensure(
        organization=job.organization, name=_actor_name(commit.author), kind=ActorKind.USER, now=now
    )
    runbook = runbook_submit(
        organization=job.organization, repo=job.repo, title=spec.title, intent=intent,
        criteria=spec.criteria, actor=author, actor_kind=ActorKind(author.kind), via=Via.CLI, now=now,
        git=GitContext(target=job.branch[:_NAME_LENGTH], commit_sha=commit.sha),
        # A commit made under a clock that runs ahead is recorded as of now: nothing happens tomorrow.
        occurred_at=min(commit.committed_at, now),
    )  # fmt: skip
    return int(runbook.number)


def _actor_name(author: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in author).split())
    return plain[:_NAME_LENGTH] or "unknown author"


def _evidence(job: _Job, assessed: list[Assessed], now: datetime) -> dict[str, str]:
    """Store each snippet once, for many rules rest on the same text; return the digests by text."""
    snippets = {item.outcome.snippet for item in assessed if item.outcome.snippet is not None}
    return {
        text: evidence_put(
            organization=job.organization, data=text.encode(), media_type="text/plain", now=now
        ).sha256
        for text in sorted(snippets)
    }


def _verdict(item: Assessed, ordinal: int, stored: dict[str, str]) -> NewVerdict:
    outcome = item.outcome
    evidence = (
        [EvidenceUse(kind=EvidenceKind.SNIPPET, sha256=stored[outcome.snippet])]
        if outcome.snippet is not None
        else []
    )
    return NewVerdict(
        ordinal=ordinal, criterion=item.criterion, status=outcome.status, verifier=item.verifier,
        reason=outcome.reason, is_invariant=item.is_invariant, evidence=evidence,
        location=asdict(outcome.location) if outcome.location else None,
    )  # fmt: skip
