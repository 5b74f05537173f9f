"""How the routes show what the rooms hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from affidavit.kit.clock import format_time
from affidavit.runbooks.models import Runbook
from affidavit.runbooks.selectors import criteria_of
from affidavit.verification.models import Run

_RUN = (
    "run_id", "runbook_number", "runbook_version", "trigger_source", "commit_sha", "status", "criteria_total",
    "criteria_passed", "criteria_failed", "criteria_skipped", "criteria_waived", "error_message",
)  # fmt: skip


def runbook_shown(runbook: Runbook) -> dict[str, Any]:
    """Return a runbook's current version as `schemas.RunbookOut` states it."""
    return {
        "runbook_number": runbook.number,
        "runbook_version": runbook.version,
        "title": runbook.title,
        "repo": runbook.repo.name,
        "branch": {"target": runbook.branch_target, "working": runbook.branch_working},
        "commit_sha": runbook.commit_sha,
        "intent": runbook.intent,
        "acceptance_criteria": criteria_of(runbook=runbook),
        "submitted_by": runbook.submitted_by.name,
        "submitted_at": format_time(runbook.submitted_at),
        "url": f"{settings.ENV.base_url.rstrip('/')}/r/{runbook.number}",
    }


def run_shown(run: Run) -> dict[str, Any]:
    """Return a run as `schemas.RunOut` states it."""
    return {name: getattr(run, name) for name in _RUN} | {
        "repo": run.repo.name,
        "started_at": _time(run.started_at),
        "completed_at": _time(run.completed_at),
    }


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None
