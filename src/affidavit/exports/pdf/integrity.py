"""The integrity appendix's figures; its words are in template/appendix.typ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from affidavit.exports.pdf.spool import Volume
from affidavit.exports.pdf.wording import cell


def appendix_data(*, manifest: Mapping[str, Any], volumes: Sequence[Volume]) -> dict[str, Any]:
    """Return the appendix as the template takes it."""
    ledger = manifest["ledger"]
    return {
        "facts": [
            ["Ledger", cell(ledger["origin"]), True],
            ["Entries", cell(f"{ledger['size']:,}"), False],
            ["Root hash (base64)", cell(ledger["root_hash"]), True],
            ["Verifier key", cell(manifest["key_id"]), True],
        ],
        "size": f"{ledger['size']:,}",
        "checkpoint": cell(manifest["checkpoint"]).text,
        "attached": [
            [volume.path.name, f"{volume.count:,}", _span(volume), volume.sha256]
            for volume in volumes
            if volume.count
        ],
    }


def _span(volume: Volume) -> str:
    first = min(section.first_seq for section in volume.sections)
    last = max(section.last_seq for section in volume.sections)
    return f"{first:,} to {last:,}"
