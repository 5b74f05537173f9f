"""A repository's history becomes records by being verified, commit by commit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from affidavit.ledger.models import Entry
from affidavit.records.models import Record
from affidavit.verification.backfill import backfill
from affidavit.verification.evidence import open_evidence
from tests.support.gitrepo import GitRepo
from tests.support.trail import Trail

pytestmark = pytest.mark.django_db(transaction=True)

RULES = """version: 1
rules:
  - {id: no-todo, title: No TODO, kind: text, forbidden: [TODO], files: ['*.py']}
  - {id: no-fixme, title: No FIXME, kind: text, forbidden: [FIXME], files: ['*.py']}
  - {id: small, title: It is small, kind: size, severity: warn, max_files: 2}
"""


@pytest.fixture
def made(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "shop")
    made.commit("Begin", affidavit__yaml=RULES)
    made.commit(
        "Add a\n\nIt is needed.\n\n## Acceptance Criteria\n- Clean (rule: no-todo)\n- Fast\n",
        a__py="1\n",
    )
    made.commit("Leave something to do", a__py="1\n2  # TODO\n")
    return made


def current(trail: Trail, record_type: str) -> list[dict[str, Any]]:
    places = Record.objects.filter(
        organization=trail.organization, record_type=record_type, superseded_by__isnull=True
    ).values_list("seq", flat=True)
    entries = Entry.objects.filter(organization=trail.organization, seq__in=list(places))
    return [orjson.loads(entry.body or "") for entry in entries.order_by("seq")]


def test_each_commit_is_a_submission_a_run_and_its_verdicts(made: GitRepo) -> None:
    trail = Trail()
    done = backfill(organization=trail.organization, path=made.path)
    assert (done.commits, done.known, done.repo, done.branch) == (3, 0, "shop", "main")
    first, second, third = current(trail, "runbook_submission")
    assert [item["title"] for item in (first, second, third)] == [
        "Begin",
        "Add a",
        "Leave something to do",
    ]
    assert second["intent"] == "It is needed."
    assert second["acceptance_criteria"] == ["Clean (rule: no-todo)", "Fast"]
    assert second["actor"] == "Ada Author"
    assert second["occurred_at"] == "2023-11-14T23:13:20.000000Z"
    runs = current(trail, "verification_run")
    assert [run["status"] for run in runs] == ["passed", "failed", "failed"]
    assert all(run["started_at"] <= run["completed_at"] for run in runs)
    assert [runs[1][f"criteria_{name}"] for name in ("total", "passed", "failed", "skipped")] == [
        5,
        4,
        0,
        1,
    ]


def test_a_verdict_carries_its_reason_its_place_and_its_evidence(made: GitRepo) -> None:
    trail = Trail()
    backfill(organization=trail.organization, path=made.path)
    found = [item for item in current(trail, "verification_result") if item["status"] == "fail"]
    assert [(item["criterion"], item["is_invariant"], item["verifier"]) for item in found] == [
        ("No TODO", True, "text")
    ]
    assert found[0]["reason"] == "Forbidden text was found in 'a.py', line 2."
    assert found[0]["location"] == {"file": "a.py", "start_line": 2, "end_line": 2}
    (evidence,) = found[0]["evidence"]
    _, file = open_evidence(organization=trail.organization, sha256=evidence["sha256"])
    with file:
        assert file.read() == b"'a.py', line 2: matches 'TODO'\n     2 | 2  # TODO\n"


def test_free_text_is_skipped_with_the_reason_and_never_passed(made: GitRepo) -> None:
    trail = Trail()
    backfill(organization=trail.organization, path=made.path)
    own = [item for item in current(trail, "verification_result") if not item["is_invariant"]]
    assert [(item["criterion"], item["status"], item["verifier"]) for item in own] == [
        ("Clean (rule: no-todo)", "pass", "text"),
        ("Fast", "error", "none"),
    ]


def test_called_again_it_goes_on_where_it_ended(made: GitRepo) -> None:
    trail = Trail()
    assert backfill(organization=trail.organization, path=made.path, maximum=1).commits == 1
    made.commit("One more", b__py="1\n")
    again = backfill(organization=trail.organization, path=made.path)
    assert (again.commits, again.known) == (3, 1)
    assert backfill(organization=trail.organization, path=made.path).commits == 0
    assert len(current(trail, "runbook_submission")) == 4


def test_what_can_not_be_recorded_as_it_is_is_stated_in_the_intent(made: GitRepo) -> None:
    trail = Trail()
    made.commits = (int(time.time()) - 1_700_000_000) // 3600 + 1000
    made.commit("From the future", b__py="1\n")
    done = backfill(organization=trail.organization, path=made.path)
    last = current(trail, "runbook_submission")[-1]
    assert "[Note: The commit is dated in the future (" in last["intent"]
    assert last["occurred_at"] <= last["recorded_at"]
    assert len(done.notes) == 1
