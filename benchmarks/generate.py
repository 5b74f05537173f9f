"""Records as an organization of some size makes them in four years; the same for the same seed.

Per runbook submission: 3 verification runs, 20 verdicts, 1 approval, half a waiver. They go in by the
product's own door, `records.services.append`, in batches of 500.
"""

from __future__ import annotations

import argparse
import random
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

SEED = 20261122
BATCH = 500
REPOSITORIES = 50
ACTORS = 300
BEGINNING = datetime(2022, 11, 1, tzinfo=UTC)
SPAN = timedelta(days=4 * 365)
PER_SUBMISSION = 25.5  # records
VERDICTS_PER_RUN = (7, 7, 6)

SUBJECTS = (
    "payment",
    "session",
    "export",
    "login",
    "invoice",
    "search index",
    "audit view",
    "webhook",
)
VERBS = (
    "retries",
    "refuses",
    "records",
    "rotates",
    "validates",
    "paginates",
    "encrypts",
    "expires",
)
OBJECTS = (
    "stale tokens",
    "empty input",
    "each failure",
    "the signing key",
    "unknown fields",
    "old rows",
)
# What breaks naive exports, about one text in fifty.
HOSTILE = (
    '=HYPERLINK("https://example.invalid","click")',
    "+49 30 1234567",
    "-1+1",
    "@SUM(A1:A9)",
    "'quoted, with a comma'",
    'a "quoted" word, and\na second line',
    "שלום עולם",
    "مرحبا بالعالم",
    "日本語のテキスト",
    "naïve Größe — ½ ✓ 🎉",
    "tab\there; back\\slash",
)
STATUSES = ("pass",) * 88 + ("fail",) * 7 + ("warn",) * 3 + ("error",) * 2
CATEGORIES = ("false_positive", "doesnt_apply", "accepted_risk", "fix_in_followup")
VERIFIERS = ("path_rule", "dependency_rule", "pattern", "command", "http_probe")


class Generator:
    """Yields drafts in the order in which the facts happened."""

    def __init__(
        self, *, organization: Any, actors: list[Any], repos: list[Any], submissions: int
    ) -> None:
        from affidavit.records.services import Draft

        self._draft = Draft
        self._random = random.Random(SEED)
        self._organization = organization
        self._actors = actors
        self._repos = repos
        self._step = SPAN / max(submissions, 1)
        self._submissions = submissions

    def drafts(self) -> Iterator[Any]:
        """Yield every draft; half of the submissions have a waiver."""
        for index in range(self._submissions):
            yield from self._submission(index)

    def _submission(self, index: int) -> Iterator[Any]:
        pick = self._random
        number = index + 1
        begun = BEGINNING + self._step * index
        repo, author, reviewer = (
            pick.choice(self._repos),
            pick.choice(self._actors),
            pick.choice(self._actors),
        )
        sha = f"{pick.getrandbits(160):040x}"
        common = {"repo": repo, "author": author, "number": number, "sha": sha}
        yield self._new(
            "runbook_submission", self._id(), begun, author, repo,
            runbook_number=number, runbook_version=1, title=self._sentence(), submitted_by=author.name,
            submitted_at=begun, branch={"target": "main", "working": f"change/{number}"}, commit_sha=sha,
            intent=self._sentence(3), acceptance_criteria=[self._sentence() for _ in range(4)], changes=None,
        )  # fmt: skip
        first: dict[str, Any] = {}
        for turn, verdicts in enumerate(VERDICTS_PER_RUN):
            for draft in self._run(begun + timedelta(minutes=5 * (turn + 1)), verdicts, common):
                if not first and draft.record_type == "verification_result":
                    first = dict(draft.fields)
                yield draft
        decided = begun + timedelta(hours=2)
        if index % 2:
            yield self._waiver(first, decided, reviewer, common)
        yield self._new(
            "approval", self._id(), decided, reviewer, repo,
            runbook_number=number, runbook_version=1, commit_sha=sha, decision="approved",
            decided_by=reviewer.name, decided_at=decided, comment=self._sentence(),
        )  # fmt: skip

    def _run(self, begun: datetime, verdicts: int, common: dict[str, Any]) -> Iterator[Any]:
        run_id = self._id()
        statuses = [self._random.choice(STATUSES) for _ in range(verdicts)]
        passed, skipped = statuses.count("pass"), statuses.count("error")
        ended = begun + timedelta(seconds=self._random.randint(2, 200))
        yield self._new(
            "verification_run", run_id, ended, common["author"], common["repo"],
            run_id=run_id, runbook_number=common["number"], runbook_version=1,
            trigger_source="commit_push", commit_sha=common["sha"],
            status="passed" if passed == verdicts else "failed", criteria_total=verdicts,
            criteria_passed=passed, criteria_failed=verdicts - passed - skipped, criteria_skipped=skipped,
            criteria_waived=0, started_at=begun, completed_at=ended, error_message=None,
        )  # fmt: skip
        for ordinal, status in enumerate(statuses, start=1):
            yield self._verdict(ended, run_id, ordinal, status, common)

    def _verdict(
        self, at: datetime, run_id: str, ordinal: int, status: str, common: dict[str, Any]
    ) -> Any:
        pick, record_id = self._random, self._id()
        line = pick.randint(1, 900)
        evidence = {
            "kind": "snippet", "sha256": f"{pick.getrandbits(256):064x}", "size_bytes": line * 7,
            "media_type": "text/plain",
        }  # fmt: skip
        return self._new(
            "verification_result", record_id, at, common["author"], common["repo"],
            sha=common["sha"], result_id=record_id, run_id=run_id, runbook_number=common["number"],
            criterion=self._sentence(), ordinal=ordinal, is_invariant=ordinal > 4, is_waived=False,
            status=status, verifier=pick.choice(VERIFIERS), evidence=[evidence] if ordinal % 2 else [],
            reason=self._sentence(),
            location={"file": f"src/{pick.choice(SUBJECTS)}/{line}.py", "start_line": line, "end_line": line + 3}
            if status != "pass" else None,
        )  # fmt: skip

    def _waiver(
        self, verdict: dict[str, Any], at: datetime, by: Any, common: dict[str, Any]
    ) -> Any:
        record_id = self._id()
        return self._new(
            "waiver", record_id, at, by, common["repo"],
            waiver_id=record_id, result_id=verdict["result_id"], run_id=verdict["run_id"],
            runbook_number=common["number"], waived_by=by.name, waived_at=at,
            category=self._random.choice(CATEGORIES), reason=self._sentence(2),
            criterion_hash=f"{self._random.getrandbits(256):064x}", commit_sha=common["sha"],
            expires_at=None, followup_url=None,
        )  # fmt: skip

    def _new(
        self, record_type: str, record_id: str, at: datetime, actor: Any, repo: Any, *,
        sha: str | None = None, **fields: Any,
    ) -> Any:  # fmt: skip
        from affidavit.records.types import ActorKind, RecordType, Via

        return self._draft(
            record_type=RecordType(record_type), record_id=record_id, fields=fields, occurred_at=at,
            actor=actor, actor_kind=ActorKind.USER, via=Via.API, repo=repo, commit_sha=sha,
        )  # fmt: skip

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _sentence(self, sentences: int = 1) -> str:
        pick = self._random
        if pick.random() < 0.02:
            return pick.choice(HOSTILE)
        words = [
            f"The {pick.choice(SUBJECTS)} {pick.choice(VERBS)} {pick.choice(OBJECTS)} within {pick.randint(1, 90)} s."
        ]
        return " ".join(words * sentences)


def generate(*, rows: int, say: Any = print) -> float:
    """Fill the configured, empty installation with about `rows` records; return records a second.

    The organization `bench` is made first; its actors and setting up are not part of the figure.
    """
    from django.core.management import call_command
    from django.db import transaction

    from affidavit.kit.clock import now
    from affidavit.ledger import keys
    from affidavit.records import accounts, services
    from affidavit.records.types import ActorKind

    call_command("migrate", verbosity=0, interactive=False)
    organization = accounts.organization_create(
        slug="bench", name="Bench", origin="affidavit.local/bench", now=now()
    )
    keys.key_create(organization=organization)
    with transaction.atomic():
        actors = [
            services.actor_ensure(
                organization=organization, name=f"person-{index:03}", kind=ActorKind.USER, now=now()
            )
            for index in range(ACTORS)
        ]
        repos = [
            services.repo_ensure(organization=organization, name=f"team/service-{index:02}")
            for index in range(REPOSITORIES)
        ]
    source = Generator(
        organization=organization,
        actors=actors,
        repos=repos,
        submissions=round(rows / PER_SUBMISSION),
    ).drafts()
    began, done, told = time.perf_counter(), 0, 0.0
    while batch := list(islice(source, BATCH)):
        with transaction.atomic():
            services.append(organization=organization, drafts=batch, now=now())
        done += len(batch)
        if time.perf_counter() - told > 10:
            told = time.perf_counter()
            say(f"  {done:,} of about {rows:,} records, {done / (told - began):,.0f} a second")
    return done / (time.perf_counter() - began)


if __name__ == "__main__":
    from affidavit.cli import setup

    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, required=True)
    options = arguments.parse_args()
    setup.django()
    print(f"appended at {generate(rows=options.rows):,.0f} records a second")
