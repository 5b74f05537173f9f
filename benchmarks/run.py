"""Measure the goals P1 to P6 and say of each whether it is met (`make bench`)."""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import measure, stores
from benchmarks.children import PEER
from benchmarks.measure import Figure
from benchmarks.stores import Store

Contender = Callable[[], Figure]
BODIES = (
    "SELECT e.body FROM ledger_entry e"
    " JOIN identity_organization o ON o.id = e.organization_id AND o.slug = 'bench' ORDER BY e.seq"
)
GOALS = {  # goal: (format, database, times the database's own program, times naive Django)
    "P1": ("csv", "postgresql", 0.9, 6.0),
    "P2": ("csv", "sqlite", 0.7, 4.0),
    "P3": ("json", "postgresql", 0.8, 10.0),
    "P4": ("json", "sqlite", 0.6, 12.0),
}
MEMORY_MB, SAME_WITHIN, FIRST_BYTE = 80.0, 0.10, 0.100
PDF_RATE, PDF_MB = 2500.0, 500.0


class Report:
    """Prints each goal as it is measured and counts what falls short."""

    def __init__(self) -> None:
        self.short = 0

    def line(
        self, goal: str, what: str, figure: float, wanted: float, unit: str, *, most: bool = False
    ) -> None:
        """Print one comparison; `most` says that `wanted` is an upper bound."""
        met = figure <= wanted if most else figure >= wanted
        self.short += not met
        gap = abs(figure - wanted)
        verdict = "met" if met else f"short by {gap:,.2f}{unit}"
        bound = "at most" if most else "at least"
        print(
            f"{goal:4} {what:52} {figure:10,.2f}{unit:5} ({bound} {wanted:,.2f})  {verdict}",
            flush=True,
        )


def contenders(store: Store, format: str, out: Path) -> dict[str, Contender]:
    """Return ours, the database's own program and naive Django, for one format on one database."""
    target = out / f"export.{format}"
    return {
        "ours": lambda: measure.child("ours", format, target, environment=store.environment),
        "program": lambda: _program(store, format, target),
        "naive": lambda: measure.child("naive", format, target, environment=store.environment),
    }


def _program(store: Store, format: str, target: Path) -> Figure:
    rows = _rows(store)
    table = f"SELECT * FROM {PEER} ORDER BY seq"
    if store.kind == "postgresql":
        source = (
            f"({table}) TO '{target}' CSV HEADER"
            if format == "csv"
            else f"({BODIES}) TO '{target}'"
        )
        return measure.run(
            stores.psql_command(store, f"\\copy {source}"), environment={}, rows=rows
        )
    flags = ["-csv", "-header"] if format == "csv" else []
    query = table if format == "csv" else BODIES
    return measure.run(
        ["sqlite3", *flags, str(store.file), query], environment={}, rows=rows, output=target
    )


def _rows(store: Store) -> int:
    from benchmarks.generate import PER_SUBMISSION

    submissions = round(store.rows / PER_SUBMISSION)
    return submissions * 25 + submissions // 2


def exports(report: Report, store: Store, out: Path, rounds: int) -> dict[str, list[Figure]]:
    """Measure P1 to P4 on one database; return our own figures by format for P5."""
    mine: dict[str, list[Figure]] = {}
    for goal, (format, kind, times_program, times_naive) in GOALS.items():
        if kind != store.kind:
            continue
        found = measure.rounds(contenders(store, format, out), rounds)
        mine[format] = found["ours"]
        program = "psql \\copy" if kind == "postgresql" else "sqlite3"
        rate = statistics.median(figure.rows_a_second for figure in found["ours"])
        print(f"{goal:4} {format} from {kind}: {rate:,.0f} rows a second, "
              f"{program} {statistics.median(f.rows_a_second for f in found['program']):,.0f}, "
              f"naive Django {statistics.median(f.rows_a_second for f in found['naive']):,.0f}")  # fmt: skip
        against = measure.median_ratio(found["ours"], found["program"])
        report.line(goal, f"{format} from {kind}, against {program}", against, times_program, " x")
        against = measure.median_ratio(found["ours"], found["naive"])
        report.line(goal, f"{format} from {kind}, against naive Django", against, times_naive, " x")
    return mine


def memory(
    report: Report, store: Store, mine: dict[str, list[Figure]], small: Store | None, out: Path
) -> None:
    """Measure P5: memory above an idle process, at two sizes, and the first byte."""
    idle = measure.child("idle", "json", out / "idle", environment=store.environment).peak_mb
    for format, figures in mine.items():
        peak = statistics.median(figure.peak_mb for figure in figures) - idle
        report.line(
            "P5",
            f"{format} from {store.kind}, memory above idle",
            peak,
            MEMORY_MB,
            " MB",
            most=True,
        )
        first = statistics.median(figure.first_byte or 0.0 for figure in figures)
        report.line(
            "P5",
            f"{format} from {store.kind}, first byte",
            first * 1000,
            FIRST_BYTE * 1000,
            " ms",
            most=True,
        )
        if small:
            less = measure.child(
                "ours", format, out / f"small.{format}", environment=small.environment
            )
            whole = statistics.median(figure.peak_mb for figure in figures)
            drift = abs(whole / less.peak_mb - 1)
            what = f"{format}, {store.rows:,} against {small.rows:,} records, memory"
            report.line("P5", what, drift * 100, SAME_WITHIN * 100, " %", most=True)


def pdf(report: Report, store: Store, out: Path, rounds: int) -> None:
    """Measure P6 at one size."""
    found = [
        measure.child("ours", "pdf", out / "export.pdf", environment=store.environment)
        for _ in range(rounds)
    ]
    rate = statistics.median(figure.rows_a_second for figure in found)
    report.line("P6", f"PDF of {store.rows:,} records", rate, PDF_RATE, " /s")
    peak = statistics.median(figure.peak_mb for figure in found)
    report.line("P6", f"PDF of {store.rows:,} records, peak memory", peak, PDF_MB, " MB", most=True)


def on_postgresql(report: Report, rows: int, out: Path, rounds: int) -> None:
    """Measure what is to be measured on PostgreSQL, on a server of the run's own."""
    from tests.support import postgres

    server = postgres.start()
    try:
        store = stores.make(kind="postgresql", rows=rows, database_url=server.url, fresh=True)
        _appended(store)
        memory(report, store, exports(report, store, out, rounds), None, out)
    finally:
        server.stop()


def _appended(store: Store) -> None:
    if store.append_rate:
        print(
            f"     appended on {store.kind} at {store.append_rate:,.0f} records a second (see P7)",
            flush=True,
        )


def main() -> None:
    """Measure what was asked for; exit with 0 whether goals are met or not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", choices=("sqlite", "postgresql", "pdf"), help="measure one part alone"
    )
    parser.add_argument("--fresh", action="store_true", help="generate anew on SQLite, too")
    options = parser.parse_args()
    needed = {"postgresql": ["psql"], "sqlite": ["sqlite3"]}
    for kind, programs in needed.items():
        lacking = [name for name in programs if shutil.which(name) is None]
        if lacking and options.only in (None, kind):
            sys.exit(f"bench: no {lacking[0]} here. On Debian: apt-get install sqlite3 postgresql")
    report, out = Report(), stores.FOLDER / "out"
    out.mkdir(parents=True, exist_ok=True)
    sizes = sorted({min(options.rows, size) for size in (10_000, 100_000)})
    if options.only in (None, "sqlite"):
        small = stores.make(kind="sqlite", rows=sizes[-1], fresh=options.fresh)
        store = stores.make(kind="sqlite", rows=options.rows, fresh=options.fresh)
        _appended(store)
        mine = exports(report, store, out, options.rounds)
        memory(report, store, mine, small if small.rows < store.rows else None, out)
    if options.only in (None, "postgresql"):
        on_postgresql(report, options.rows, out, options.rounds)
    if options.only in (None, "pdf"):
        for size in sizes:
            pdf(report, stores.make(kind="sqlite", rows=size), out, options.rounds)
    print(f"\n{report.short} figure(s) short of their goal" if report.short else "\nevery goal met")


if __name__ == "__main__":
    main()
