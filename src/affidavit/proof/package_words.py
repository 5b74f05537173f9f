"""The words of a report: what each verdict means with what was given, and what could be forged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from affidavit.proof.checkpoint import Checkpoint
from affidavit.proof.note import Verifier
from affidavit.proof.package_headers import HeaderScan
from affidavit.proof.package_manifest import Manifest
from affidavit.proof.package_rows import RowScan
from affidavit.proof.report import (
    APPEND_ONLY,
    COMPLETENESS,
    ERASURES,
    INCLUSION,
    TIME_BOUNDS,
    Findings,
    Report,
    Verdict,
)
from affidavit.proof.strict import b64encode


@dataclass
class Evidence:
    """What has been established about a package so far; None where it could not be."""

    checkpoint: Checkpoint | None = None
    signed_by: tuple[Verifier, ...] = ()
    manifest: Manifest | None = None
    headers: HeaderScan | None = None
    rows: RowScan | None = None
    earlier: list[tuple[str, Checkpoint]] = field(default_factory=list)


def write_report(
    path: str, keys: Sequence[Verifier], evidence: Evidence, findings: Findings
) -> Report:
    """Put the findings into words."""
    return Report(
        path=path,
        keys=tuple(key.vkey for key in keys),
        verdicts=(
            _inclusion(evidence, findings),
            _completeness(evidence, findings),
            _append_only(evidence, findings),
            _time_bounds(evidence, findings),
            _erasures(evidence, findings),
        ),
        still_forgeable=tuple(_still_forgeable(evidence)),
        facts=_facts(evidence),
    )


def _inclusion(evidence: Evidence, findings: Findings) -> Verdict:
    checkpoint, rows = evidence.checkpoint, evidence.rows
    if checkpoint is None or rows is None:
        return findings.judge(
            INCLUSION, status="not_checked", words="The package could not be read."
        )
    signer = ", ".join(verifier.vkey for verifier in evidence.signed_by)
    return findings.judge(
        INCLUSION,
        status="ok",
        words=(
            f"The checkpoint of {checkpoint.origin} at size {checkpoint.size:,} is signed by {signer};"
            f" its root follows from the {checkpoint.size:,} headers; each of the {rows.rows:,} records is"
            " the one that its header commits to; the key's seal covers every byte of the file."
        ),
        details=(f"root hash {b64encode(checkpoint.root)}",),
    )


def _completeness(evidence: Evidence, findings: Findings) -> Verdict:
    scan, rows, manifest = evidence.headers, evidence.rows, evidence.manifest
    if scan is None or rows is None or manifest is None:
        words = "The filter could not be evaluated, because the package could not be read."
        return findings.judge(COMPLETENESS, status="not_checked", words=words)
    details = [f"query evaluated: {_query_words(manifest)}"]
    if not findings.counts[COMPLETENESS]:
        details.append(
            "audit.json holds the records verbatim, audit.csv the same cell by cell; of the PDF only"
            " the digest was checked, not what it shows"
        )
    unnamed = rows.unnamed()
    if unnamed:
        details.append(
            f"no exported record names {', '.join(unnamed)}: which id the name stands for is the"
            " manifest's word alone"
        )
    if not manifest.query.text:
        words = (
            f"All {scan.size:,} headers from the ledger's first entry on are here, and the filter was"
            f" evaluated over each: the {rows.rows:,} records are all that match, and no others."
        )
        return findings.judge(COMPLETENESS, status="ok", words=words, details=details)
    sought = " ".join(manifest.query.text)
    words = (
        f"All {scan.size:,} headers are here. {scan.expected_count():,} entries satisfy everything but"
        f" the text search; {rows.rows:,} of them are in the package, and each holds {sought!r}. Whether"
        f" the other {rows.absent:,} hold it cannot be proven from headers, which carry no text."
    )
    return findings.judge(COMPLETENESS, status="not_checked", words=words, details=details)


def _append_only(evidence: Evidence, findings: Findings) -> Verdict:
    if not evidence.earlier and not findings.counts[APPEND_ONLY]:
        return findings.judge(
            APPEND_ONLY, status="not_checked", words="No earlier export or checkpoint was given."
        )
    parts = [f"the first {point.size:,} are those of {label}" for label, point in evidence.earlier]
    return findings.judge(
        APPEND_ONLY,
        status="ok",
        words=f"Of the ledger's entries {'; '.join(parts)}: recomputed and equal, nothing was rewritten.",
    )


def _time_bounds(evidence: Evidence, findings: Findings) -> Verdict:
    scan = evidence.headers
    if scan is None or scan.first_recorded_at is None:
        return findings.judge(TIME_BOUNDS, status="not_checked", words="There is no entry to date.")
    words = (
        f"recorded_at never goes backwards, from {scan.first_recorded_at} to {scan.last_recorded_at};"
        " no outside anchor was given, so these times are the word of whoever ran the server."
    )
    return findings.judge(TIME_BOUNDS, status="not_checked", words=words)


def _erasures(evidence: Evidence, findings: Findings) -> Verdict:
    rows, manifest = evidence.rows, evidence.manifest
    if rows is None or manifest is None:
        return findings.judge(
            ERASURES, status="not_checked", words="The records could not be read."
        )
    if manifest.query.text and rows.absent:
        words = (
            "Under a text search an erased record cannot be told from one that does not hold the text:"
            f" {rows.absent:,} entries that satisfy the rest of the filter are not in the package."
        )
        return findings.judge(ERASURES, status="not_checked", words=words)
    words = f"None: each of the {rows.rows:,} matching entries has its record here."
    return findings.judge(ERASURES, status="ok", words=words)


def _still_forgeable(evidence: Evidence) -> list[str]:
    origin = evidence.checkpoint.origin if evidence.checkpoint else "the ledger"
    if not evidence.signed_by:
        return ["Everything: no signature by the key that you gave vouches for this package."]
    known = max((point.size for _, point in evidence.earlier), default=0)
    since = f"from entry {known:,} on " if known else ""
    lines = [
        (
            f"Whoever holds the signing key of {origin} could have written another history {since}and signed"
            " it. Keep the checkpoints that you are given and pass them by --previous: entries that an"
            " earlier one covers cannot be rewritten unnoticed."
        ),
        (
            "All times are the server's: whoever ran it could have set its clock, though never backwards"
            " within the ledger."
        ),
        (
            "What the records say was so when they were written is their authors' word; this proves that"
            " they have not been changed, removed or reordered since they were signed."
        ),
        (
            "Who asked for the export, in which role and for which named repository or person, is the"
            " manifest's statement, sealed with the same key."
        ),
        "The key itself: it must have come to you from somewhere else than this package.",
    ]
    if evidence.manifest is not None and evidence.manifest.query.text:
        lines.append("Records that hold the searched text could have been left out of the package.")
    return lines


def _query_words(manifest: Manifest) -> str:
    names = {
        identity: f"{identity} ({name})"
        for key in ("repos", "actors")
        for name, identity in manifest.value[key].items()
    }
    shown = (
        (name, value if isinstance(value, list) else [value])
        for name, value in manifest.query.to_json().items()
        if value not in (None, [])
    )
    return "; ".join(
        f"{name} {', '.join(names.get(item, str(item)) for item in items)}" for name, items in shown
    )


def _facts(evidence: Evidence) -> dict[str, Any]:
    checkpoint, scan, rows = evidence.checkpoint, evidence.headers, evidence.rows
    value: Mapping[str, Any] = evidence.manifest.value if evidence.manifest else {}
    wanted = (
        "organization", "export_id", "requested_by", "requested_role", "requested_at", "via",
        "time_zone", "bounds", "filters",
    )  # fmt: skip
    return {
        **{name: value[name] for name in wanted if name in value},
        "origin": checkpoint.origin if checkpoint else None,
        "ledger_size": checkpoint.size if checkpoint else None,
        "root_hash": b64encode(checkpoint.root) if checkpoint else None,
        "signed_by": [verifier.vkey for verifier in evidence.signed_by],
        "records": rows.rows if rows else None,
        "records_by_type": dict(sorted(rows.types.items())) if rows else None,
        "first_recorded_at": scan.first_recorded_at if scan else None,
        "last_recorded_at": scan.last_recorded_at if scan else None,
    }
