"""The integrity appendix: figures, steps and limits."""

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
        "checkpoint": cell(manifest["checkpoint"]).text,
        "sections": [_what(), _how(manifest), _limits(), _reading()],
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


def _section(title: str, items: list[str], *, numbered: bool = False, code: str | None = None) -> dict[str, Any]:
    return {"title": title, "items": [cell(item) for item in items], "numbered": numbered, "code": code}


def _what() -> dict[str, Any]:
    return _section(
        "How a record is bound to the signature",
        [
            "Each ledger entry has a header (type, ids, times, status) and a body (the record itself). The "
            "header holds HMAC-SHA256 of the body under a salt of 32 random bytes.",
            "The headers are the leaves of a Merkle tree as in RFC 6962 (SHA-256). Its root stands above.",
            "The checkpoint is a C2SP signed note (Ed25519) over the ledger's name, its size and that root.",
        ],
    )


def _how(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return _section(
        "How to verify offline",
        [
            "Obtain the verifier key from the organization by a way of its own, not from this report, and "
            "compare it with the one above.",
            "Ask for the evidence package of this export's filters at the same ledger size. It holds every "
            "header, the records' bodies, their salts and the checkpoint.",
            "On a machine of your own, without network or database, run the command below. It checks the "
            "signature, rebuilds the root from all headers, checks each body against its header, and "
            "evaluates the filter again over all headers: nothing that matches may be missing.",
            f"Compare the size ({manifest['ledger']['size']:,}) and the root hash that it prints with those "
            "above, and the record ids with this report.",
            "To compare texts by machine, use the attached files: their lines are the bodies of the package's "
            "records.ndjson, byte for byte.",
        ],
        numbered=True,
        code="affidavit verify evidence.zip --key ledger.vkey",
    )


def _limits() -> dict[str, Any]:
    return _section(
        "What this report by itself cannot prove",
        [
            "That its records are in the ledger, or that none is missing: it holds neither the headers nor "
            "the salts. The evidence package does.",
            "That this file was not altered after it was made. Compare its SHA-256 with the one recorded "
            "when the export was made, or make the export again: the same filters at the same ledger size "
            "give the same records.",
            "That the ledger was never rewritten before the checkpoint was given to somebody outside.",
            "That what was recorded is true: the ledger proves what was recorded, when the server took it, "
            "and that it has not changed since.",
        ],
    )


def _reading() -> dict[str, Any]:
    return _section(
        "How texts are shown",
        [
            "Every text is shown in full. Times are UTC with microseconds; seq is the ledger index. A "
            "record's last lines say when the fact occurred, when the ledger recorded it, the repository, and who did it, "
            "as what and how.",
            "Characters that would be invisible, would reorder other text, or that no font of this report "
            "can show are written as [U+202E]: the code point in brackets. The attached files hold them as "
            "they are.",
            "Tabs are shown as spaces. Members that are null, false or empty, and times equal to the time of "
            "occurrence, are left out here, not there; a time of recording on the same day is shown without "
            "its date.",
        ],
    )
