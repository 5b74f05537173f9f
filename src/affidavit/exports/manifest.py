"""The manifest: the same members in every format; it says what an export is and what it should hold."""

from __future__ import annotations

import copy
from typing import Any

from affidavit import __version__
from affidavit.exports.models import Export
from affidavit.exports.source import seq_range
from affidavit.kit.clock import format_time
from affidavit.ledger.models import Checkpoint
from affidavit.ledger.services import root_text
from affidavit.proof.query import Query

FORMAT_VERSION = 1
RECORDS_NAME = "records.ndjson"


def manifest_of(*, export: Export, instance: str, vkey: str) -> dict[str, Any]:
    """Return the manifest of a stored export, without what only writing it can tell.

    `rows.exported` is null and `files` is empty until `completed` fills them in. The checkpoint is the one
    that was signed at the frozen ledger size.
    """
    organization = export.organization
    query = Query.from_json(export.compiled["query"])
    first, last = seq_range(organization=organization, query=query)
    checkpoint = Checkpoint.objects.get(organization=organization, size=export.ledger_size)
    manifest: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "system": {"name": "affidavit", "version": __version__, "instance": instance},
        "organization": {
            "slug": organization.slug, "name": organization.name, "id": str(organization.pseudonym),
        },
        "export_id": export.export_id,
        "format": export.format,
        "requested_by": export.actor.name,
        "requested_role": export.role,
        "requested_at": format_time(export.requested_at),
        "via": export.via,
        "time_zone": export.time_zone,
        "bounds": {
            "from": query.occurred_from, "until": query.occurred_until, "rule": "inclusive-exclusive",
        },
        # In an order of our own: PostgreSQL's JSON columns do not keep the order of members.
        "filters": dict(sorted(export.filters.items())),
        "query": query.to_json(),
        "repos": dict(sorted(export.compiled["repos"].items())),
        "actors": dict(sorted(export.compiled["actors"].items())),
        "ledger": {
            "origin": organization.ledger_origin,
            "size": export.ledger_size,
            "root_hash": root_text(bytes(checkpoint.root_hash)),
            "first_seq": first,
            "last_seq": last,
        },
        "rows": {
            "matching": dict(sorted(export.matching.items())),
            "exported": None,
            "total_matching": sum(export.matching.values()),
            "total_exported": None,
        },
        "order": "seq",
        "files": [],
        "checkpoint": checkpoint.note,
        "key_id": vkey,
    }  # fmt: skip
    if export.format in ("csv", "package"):
        manifest["csv"] = {"formula_guard": export.formula_guard}
    return manifest


def completed(
    manifest: dict[str, Any], *, exported: dict[str, int], files: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the manifest with what was really written."""
    result = copy.deepcopy(manifest)
    result["rows"]["exported"] = dict(sorted(exported.items()))
    result["rows"]["total_exported"] = sum(exported.values())
    result["files"] = files
    return result


def file_entry(name: str, sha256_hex: str, size_bytes: int) -> dict[str, Any]:
    """Return how a manifest lists a file."""
    return {"name": name, "sha256": sha256_hex, "size_bytes": size_bytes}
