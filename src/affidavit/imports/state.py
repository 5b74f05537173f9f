"""The present state of runbooks and runs, brought up to what imported records say."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from affidavit.identity.models import Actor, Organization, Repo
from affidavit.imports.checking import Checked
from affidavit.kit.clock import parse_time
from affidavit.records.types import RecordType
from affidavit.runbooks.models import Runbook
from affidavit.verification.models import Run


def state_rebuild(
    *, organization: Organization, items: Sequence[Checked], actors: dict[str, Actor],
    repos: dict[str, Repo],
) -> None:  # fmt: skip
    """Create or bring forward the runbooks and runs that these records, just appended, are about.

    A submission or run that names no repository has no state to act on: its record stands alone.
    """
    for item in items:
        if item.repo is None:
            continue
        if item.record_type is RecordType.RUNBOOK_SUBMISSION:
            _runbook(organization, item, actors, repos[item.repo])
        elif item.record_type is RecordType.VERIFICATION_RUN:
            _run(organization, item, repos[item.repo])


def _runbook(
    organization: Organization, item: Checked, actors: dict[str, Actor], repo: Repo
) -> None:
    fields = item.fields
    number, version = fields["runbook_number"], fields["runbook_version"]
    values = {
        "version": version,
        "repo": repo,
        "title": fields["title"],
        "intent": fields["intent"],
        "criteria": orjson.dumps(fields["acceptance_criteria"]).decode(),
        "branch_target": fields["branch"]["target"],
        "branch_working": fields["branch"]["working"],
        "commit_sha": fields["commit_sha"],
        "submitted_by": actors.get(fields["submitted_by"], actors[item.actor]),
        "submitted_at": parse_time(fields["submitted_at"]),
    }
    present = Runbook.objects.filter(organization=organization, number=number)
    if not present.exists():
        Runbook.objects.bulk_create([Runbook(organization=organization, number=number, **values)])
    else:
        present.filter(version__lt=version).update(**values)


def _run(organization: Organization, item: Checked, repo: Repo) -> None:
    fields = item.fields
    values = {
        name: fields[name]
        for name in (
            "runbook_number", "runbook_version", "commit_sha", "trigger_source", "status",
            "criteria_total", "criteria_passed", "criteria_failed", "criteria_skipped",
            "criteria_waived", "error_message",
        )
    }  # fmt: skip
    for name in ("started_at", "completed_at"):
        values[name] = parse_time(fields[name]) if fields[name] else None
    values |= {"repo": repo, "requested_at": values["started_at"] or item.occurred_at}
    present = Run.objects.filter(organization=organization, run_id=fields["run_id"])
    if not present.update(**values):
        Run.objects.bulk_create([Run(organization=organization, run_id=fields["run_id"], **values)])
