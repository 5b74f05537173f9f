"""What a verification found: five verdicts, and what could be forged in spite of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["ok", "failed", "not_checked"]

INCLUSION, COMPLETENESS, APPEND_ONLY, TIME_BOUNDS, ERASURES = 1, 2, 3, 4, 5

TITLES = {
    INCLUSION: "inclusion and signature",
    COMPLETENESS: "completeness of the range and of the filter",
    APPEND_ONLY: "append-only since an earlier export or checkpoint",
    TIME_BOUNDS: "time bounds",
    ERASURES: "erasures",
}

KEPT_FAILURES = 20
"""How many failures of one verdict are kept word by word; the others are counted."""


@dataclass(frozen=True)
class Failure:
    """One thing that does not hold, and where: member, line from 1, ledger index."""

    message: str
    member: str | None = None
    line: int | None = None
    seq: int | None = None

    def __str__(self) -> str:
        """Write the place, then what does not hold."""
        place = self.member or ""
        if self.line is not None:
            place += f" line {self.line}"
        if self.seq is not None:
            place += f" (seq {self.seq})"
        return f"{place.strip()}: {self.message}" if place else self.message


@dataclass(frozen=True)
class Verdict:
    """The answer to one of the five questions.

    `words` says what was found in a sentence; `details` adds what a careful reader wants to know;
    `failures` are the first `KEPT_FAILURES` of `failure_count`.
    """

    number: int
    title: str
    status: Status
    words: str
    details: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    failure_count: int = 0


@dataclass(frozen=True)
class Report:
    """All that a verification of one package found.

    `facts` are what the package is about, as it says itself; trust them as far as verdict 1 goes.
    """

    path: str
    keys: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    still_forgeable: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def accepted(self) -> bool:
        """Tell whether nothing failed and the signature and inclusion were really checked."""
        return self.verdicts[0].status == "ok" and all(v.status != "failed" for v in self.verdicts)

    @property
    def exit_code(self) -> int:
        """Give 0 for an accepted package and 1 for one in which something failed."""
        return 0 if self.accepted else 1

    def verdict(self, number: int) -> Verdict:
        """Give one verdict by its number from 1 to 5."""
        return self.verdicts[number - 1]

    def to_json(self) -> dict[str, Any]:
        """Give the report for a machine: the same content, JSON values alone."""
        return {
            "path": self.path,
            "accepted": self.accepted,
            "exit_code": self.exit_code,
            "keys": list(self.keys),
            "facts": self.facts,
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "still_forgeable": list(self.still_forgeable),
        }


@dataclass
class Findings:
    """Collects failures by verdict while a package is read; memory stays bounded."""

    failures: dict[int, list[Failure]] = field(default_factory=lambda: {n: [] for n in TITLES})
    counts: dict[int, int] = field(default_factory=lambda: dict.fromkeys(TITLES, 0))

    def fail(
        self,
        verdict: int,
        message: str,
        *,
        member: str | None = None,
        line: int | None = None,
        seq: int | None = None,
    ) -> None:
        """Note that something does not hold."""
        self.counts[verdict] += 1
        if self.counts[verdict] <= KEPT_FAILURES:
            self.failures[verdict].append(Failure(message, member, line, seq))

    def judge(
        self, number: int, *, status: Status, words: str, details: Sequence[str] = ()
    ) -> Verdict:
        """Make a verdict; `status` and `words` hold only where nothing failed."""
        count = self.counts[number]
        if count:
            status = "failed"
            words = "1 thing does not hold." if count == 1 else f"{count:,} things do not hold."
        return Verdict(
            number, TITLES[number], status, words, tuple(details),
            tuple(self.failures[number]), count,
        )  # fmt: skip
