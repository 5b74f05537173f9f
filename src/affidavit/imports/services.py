"""`import_file`: two passes over a file. The first checks everything, the second records everything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import transaction

from affidavit.identity.models import Actor, Organization, Repo
from affidavit.imports.checking import (
    BATCH,
    Checked,
    Findings,
    check_batch,
    check_record,
    versions_taken,
)
from affidavit.imports.reading import read_records
from affidavit.imports.state import state_rebuild
from affidavit.kit.errors import InvalidInput
from affidavit.records.accounts import access_record
from affidavit.records.services import Draft, actor_ensure, append, repo_ensure
from affidavit.records.types import ActorKind, RecordType, Via

Progress = Callable[[str, int], None]  # what is being done, and how many records of it are


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did: records newly recorded, and those that were known and equal."""

    recorded: int
    known: int
    row_counts: dict[str, int]


def import_file(
    *, organization: Organization, path: Path, by: Actor, now: datetime,
    formula_guard: bool | None = None, progress: Progress | None = None,
) -> Imported:  # fmt: skip
    """Record every record of `path` that is not recorded yet: all of them, or none.

    `record_id`, `revision`, `occurred_at`, the actor and all fields are kept; `seq`, `recorded_at` and
    `organization` are this ledger's own, and `via` is `import`. Importing the same file again changes
    nothing. The import itself is recorded with the file's digest.

    Raises:
        InvalidInput: something in the file is bad; the message names each line, and nothing was recorded.
    """
    report = progress or (lambda what, done: None)
    findings = Findings()
    for _ in _new_records(
        organization, path, formula_guard, findings, lambda n: report("Checking", n)
    ):
        pass
    if findings.bad:
        raise InvalidInput(_refusal(path, findings), extra={"problems": findings.problems})
    if findings.records == findings.known:
        return Imported(recorded=0, known=findings.known, row_counts={})
    with transaction.atomic():
        known = findings.known
        counts = _record_all(organization, path, formula_guard, findings, now, report)
        _note(organization, path, by, now, counts)
    return Imported(recorded=sum(counts.values()), known=known, row_counts=counts)


def _batches(items: Iterator[Checked]) -> Iterator[list[Checked]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _new_records(
    organization: Organization, path: Path, guard: bool | None, findings: Findings,
    progress: Callable[[int], None],
) -> Iterator[Checked]:  # fmt: skip
    """Yield the good records that are new here, taking note of all else in `findings`."""
    for batch in _batches(_good_records(path, guard, findings)):
        new = list(check_batch(organization, batch, findings))
        versions_taken(organization, new, findings)
        yield from new
        progress(findings.records)


def _good_records(path: Path, guard: bool | None, findings: Findings) -> Iterator[Checked]:
    for found in read_records(path, formula_guard=guard):
        findings.records += 1
        try:
            item = check_record(found)
        except InvalidInput as error:
            findings.problem(found.place, error.message)
            continue
        if findings.in_order(item):
            _learn(item, findings)
            yield item


def _learn(item: Checked, findings: Findings) -> None:
    """Keep what other records of the file need: actors' ids, runs' commits, waivers' categories."""
    fields = item.fields
    findings.actors.setdefault(item.actor, item.actor_kind)
    if item.record_type is RecordType.ACTOR:
        findings.actor_ids[fields["name"]] = fields["actor_id"]
        findings.actors[fields["name"]] = ActorKind(fields["kind"])
    elif item.record_type is RecordType.VERIFICATION_RUN and fields["commit_sha"]:
        findings.commits[fields["run_id"]] = fields["commit_sha"]
    elif item.record_type is RecordType.WAIVER:
        findings.categories[fields["result_id"]] = fields["category"]


def _refusal(path: Path, findings: Findings) -> str:
    shown = "\n  ".join(findings.problems)
    more = findings.bad - len(findings.problems)
    rest = f"\n  ... and {more} more" if more else ""
    return (
        f"{path} was refused; nothing of it was recorded. {findings.bad} of {findings.records} records"
        f" can't be imported:\n  {shown}{rest}"
    )


def _record_all(
    organization: Organization, path: Path, guard: bool | None, learned: Findings, now: datetime,
    report: Progress,
) -> dict[str, int]:  # fmt: skip
    """Append every new record in the open transaction; return how many of each type."""
    actors = _actors(organization, learned, now)
    repos: dict[str, Repo] = {}
    counts: dict[str, int] = {}
    done, again = 0, Findings()
    for batch in _batches(_new_records(organization, path, guard, again, lambda n: None)):
        drafts = [_draft(item, organization, actors, repos, learned) for item in batch]
        append(organization=organization, drafts=drafts, now=now)
        state_rebuild(organization=organization, items=batch, actors=actors, repos=repos)
        for item in batch:
            counts[item.record_type.value] = counts.get(item.record_type.value, 0) + 1
        done += len(batch)
        report("Recording", done)
    if again.bad or done != learned.records - learned.known:
        raise InvalidInput(
            f"{path} changed while it was read. Nothing was recorded; import it again."
        )
    return dict(sorted(counts.items()))


def _actors(organization: Organization, learned: Findings, now: datetime) -> dict[str, Actor]:
    """Return the actors by name. One whose own record is in the file takes its pseudonym from there."""
    known = {actor.name: actor for actor in Actor.objects.filter(organization=organization)}
    for name, kind in learned.actors.items():
        if name in known:
            continue
        pseudonym = learned.actor_ids.get(name)
        if pseudonym is None:
            known[name] = actor_ensure(
                organization=organization, name=name, kind=kind, now=now, via=Via.IMPORT
            )
        else:
            known[name] = Actor.objects.create(
                organization=organization, pseudonym=pseudonym, name=name, kind=kind.value
            )
    return known


def _draft(
    item: Checked, organization: Organization, actors: dict[str, Actor], repos: dict[str, Repo],
    learned: Findings,
) -> Draft:  # fmt: skip
    if item.repo is not None and item.repo not in repos:
        repos[item.repo] = repo_ensure(organization=organization, name=item.repo)
    fields = item.fields
    return Draft(
        record_type=item.record_type,
        record_id=item.record_id,
        revision=item.revision,
        fields=fields,
        occurred_at=item.occurred_at,
        actor=actors[item.actor],
        actor_kind=item.actor_kind,
        via=Via.IMPORT,
        repo=repos[item.repo] if item.repo is not None else None,
        commit_sha=learned.commits.get(fields.get("run_id", "")),
        waiver_category=learned.categories.get(item.record_id) if fields.get("is_waived") else None,
    )


def _note(
    organization: Organization, path: Path, by: Actor, now: datetime, counts: dict[str, int]
) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    access_record(
        organization=organization, actor=by, via=Via.CLI, now=now, action="imported",
        subject=path.name, row_counts=counts, digests={"sha256": digest}, outcome="completed",
    )  # fmt: skip
