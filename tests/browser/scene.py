"""What the browser tests look at: an organization with a few weeks of changes, and its people."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page, expect

from affidavit.identity.types import Role
from affidavit.kit import clock
from affidavit.kit.ids import derived_id, new_id
from affidavit.records.types import RecordType
from affidavit.verification.evidence import evidence_put
from tests.support.people import PASSWORD, member
from tests.support.trail import Trail, result_fields

SNIPPET = b"'shop.py', line 3: a float is money\n     3 | price = 0.1 + 0.2\n"


class Scene:
    """Twelve changes in ten repositories over the last weeks; `ines` is an admin, `theo` an auditor."""

    def __init__(self) -> None:
        self.trail = Trail("acme")
        self.now = clock.now()
        grace = self.trail.actor("grace")
        for number in range(1, 13):
            self.trail.change(
                number,
                at=self.now - timedelta(days=4 * number),
                repo=f"acme/repo-{number % 10}",
                statuses=("pass", "fail") if number % 3 else ("pass", "warn", "error"),
                waive="accepted_risk" if number % 4 == 0 else None,
                title=f"Change number {number}",
                actor=grace if number % 2 else None,
                commit=f"{number:02x}" * 20,
            )
        self.verdict = self._verdict_with_evidence()
        member(self.trail.organization, "ines", Role.ADMIN)
        member(self.trail.organization, "theo", Role.AUDITOR)
        member(self.trail.organization, "rita", Role.REVIEWER)

    def _verdict_with_evidence(self) -> str:
        stored = evidence_put(
            organization=self.trail.organization,
            data=SNIPPET,
            media_type="text/plain",
            now=self.now,
        )
        run_id = new_id()
        result_id = derived_id(run_id, 1)
        fields = result_fields(result_id, run_id, 1, 1, "fail", "A float is money.") | {
            "criterion": "Money is never a float",
            "evidence": [
                {
                    "kind": "snippet",
                    "sha256": stored.sha256,
                    "size_bytes": stored.size_bytes,
                    "media_type": "text/plain",
                }
            ],
        }
        self.trail.append(
            self.trail.draft(
                RecordType.VERIFICATION_RESULT, fields, record_id=result_id, at=self.now
            )
        )
        return result_id


def sign_in(page: Page, name: str = "ines") -> None:
    """Sign in by typing, and end on the audit view."""
    page.goto("/audit")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Audit", exact=True)).to_be_visible()


def count_shown(page: Page) -> int:
    """Return the number of matching records that the page states."""
    text = page.locator(".count strong").inner_text()
    return int(text.replace(",", ""))
