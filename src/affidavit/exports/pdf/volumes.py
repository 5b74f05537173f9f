"""What each volume says: the plain data that the templates show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from affidavit.exports.pdf import fonts
from affidavit.exports.pdf.integrity import appendix_data
from affidavit.exports.pdf.shapes import ordered, shape_of
from affidavit.exports.pdf.spool import Section, Volume
from affidavit.exports.pdf.summary import Summary, summary_data
from affidavit.exports.pdf.text import shown
from affidavit.exports.pdf.wording import (
    cell,
    filters_in_words,
    period_in_words,
    query_in_words,
    query_json,
    rows_by_type,
)

Manifest = Mapping[str, Any]
_DIGIT = 4.15  # points: the width of a figure in 7.2 pt Noto Sans
MANIFEST_NAME = "manifest.json"


def volume_data(
    *, manifest: Manifest, summary: Summary, volumes: Sequence[Volume], index: int
) -> dict[str, Any]:
    """Return volume.json of the volume with this index (from 0)."""
    volume, of = volumes[index], len(volumes)
    organization = manifest["organization"]["name"]
    title = f"Audit trail of {organization}" + (f", volume {index + 1} of {of}" if of > 1 else "")
    when = manifest["requested_at"]
    return {
        "title": shown(title).text,
        "author": f"Affidavit {manifest['system']['version']}",
        "description": f"Export {manifest['export_id']} of {organization}",
        "date": {
            "year": int(when[0:4]), "month": int(when[5:7]), "day": int(when[8:10]),
            "hour": int(when[11:13]), "minute": int(when[14:16]), "second": int(when[17:19]),
        },
        "fonts": {"text": fonts.TEXT, "mono": fonts.MONO + fonts.TEXT, "japanese": fonts.JAPANESE},
        "number": index + 1,
        "of": of,
        "organization": shown(organization),
        "export_id": manifest["export_id"],
        "gutter": max(5, len(str(manifest["ledger"]["size"]))) * _DIGIT + 6,
        "attachments": [
            _attachment(MANIFEST_NAME, "application/json", "source", "The manifest of this export"),
            _attachment(
                volume.path.name, "application/x-ndjson", "data",
                "The records of this volume as the ledger stores them, one a line",
            ),
        ],
        "front": front_data(manifest=manifest, summary=summary, volumes=volumes) if index == 0 else None,
        "sections": [
            _section(section, volumes=volumes, index=index, position=position, manifest=manifest)
            for position, section in enumerate(volume.sections)
        ],
        "appendix": appendix_data(manifest=manifest, volumes=volumes) if index == of - 1 else None,
    }  # fmt: skip


def _attachment(name: str, media_type: str, relationship: str, description: str) -> dict[str, str]:
    return {
        "name": name,
        "media_type": media_type,
        "relationship": relationship,
        "description": description,
    }


def _section(
    section: Section, *, volumes: Sequence[Volume], index: int, position: int, manifest: Manifest
) -> dict[str, Any]:
    shape = shape_of(section.record_type)
    total = manifest["rows"]["exported"][section.record_type]
    part = "" if section.count == total else f" This volume holds {section.count:,} of them"
    opening = None
    if index and not position:
        opening = (
            f"Continues volume {index}. The manifest, the summary and the filters are in volume 1, "
            f"the integrity appendix in volume {len(volumes)}. Export {manifest['export_id']}."
        )
    return {
        "record_type": section.record_type,
        "count": section.count,
        "rows": f"rows-{position:02d}.json",
        "title": shape.heading,
        "note": f"{shape.note} {_records(total)}.{part}"
        + (f", seq {section.first_seq:,} to {section.last_seq:,}." if part else ""),
        "status_head": shape.status_head,
        "record_head": shape.record_head,
        "status_width": shape.status_width,
        "opening": opening,
    }


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"


def front_data(
    *, manifest: Manifest, summary: Summary, volumes: Sequence[Volume]
) -> dict[str, Any]:
    """Return the manifest page and the summary."""
    rows, ledger, organization = manifest["rows"], manifest["ledger"], manifest["organization"]
    names = ordered(rows["matching"])
    total = rows["total_exported"]
    return {
        "instance": cell(manifest["system"]["instance"]),
        "subtitle": cell(f"Records that occurred {period_in_words(manifest)}"),
        "figures": [
            [f"{rows['total_matching']:,}", "records match the filters"],
            [f"{total:,}", "records in this report: all of them"],
            [f"{ledger['size']:,}", "entries in the ledger when it was frozen"],
        ],
        "groups": _groups(manifest, organization, ledger),
        "rows": rows_by_type(manifest, names),
        "total": ["All types", f"{rows['total_matching']:,}", f"{total:,}"],
        "checkpoint": cell(manifest["checkpoint"]).text,
        "volumes": [_contents(name, volumes) for name in names],
        "summary": summary_data(summary, empty=not total),
    }


def _contents(record_type: str, volumes: Sequence[Volume]) -> list[Any]:
    held = [
        (number, section.count)
        for number, volume in enumerate(volumes, start=1)
        for section in volume.sections
        if section.record_type == record_type
    ]
    first, last = held[0][0], held[-1][0]
    return [
        cell(shape_of(record_type).heading),
        f"{sum(count for _, count in held):,}",
        str(first) if first == last else f"{first} to {last}",
    ]


def _groups(
    manifest: Manifest, organization: Mapping[str, Any], ledger: Mapping[str, Any]
) -> list[dict[str, Any]]:
    system, bounds = manifest["system"], manifest["bounds"]
    first, last = ledger.get("first_seq"), ledger.get("last_seq")
    span = "none: no record matches" if first is None else f"{first:,} to {last:,}"
    return [
        {
            "title": "Request",
            "rows": [
                _fact(
                    "Organization",
                    f"{organization['name']} ({organization['slug']}, {organization['id']})",
                ),
                _fact(
                    "Asked for by", f"{manifest['requested_by']}, as {manifest['requested_role']}"
                ),
                _fact("When, how", f"{manifest['requested_at']} (UTC), via {manifest['via']}"),
                _fact("Export", manifest["export_id"], mono=True),
                _fact("Made by", f"{system['name']} {system['version']} at {system['instance']}"),
            ],
        },
        {
            "title": "Scope",
            "rows": [
                _fact("Filters as given", filters_in_words(manifest)),
                _fact("What was searched", query_in_words(manifest)),
                _fact("Query, exactly", query_json(manifest), mono=True),
                _fact(
                    "Time zone, bounds",
                    f"{manifest['time_zone']}; from {bounds.get('from') or 'the beginning'} (inclusive) "
                    f"until {bounds.get('until') or 'the frozen state'} (exclusive)",
                ),
            ],
        },
        {
            "title": "Ledger",
            "rows": [
                _fact("Origin", ledger["origin"], mono=True),
                _fact(
                    "Size, first and last seq",
                    f"{ledger['size']:,} entries; records of seq {span}, in that order",
                ),
                _fact("Root hash", ledger["root_hash"], mono=True),
                _fact("Signing key", manifest["key_id"], mono=True),
            ],
        },
    ]


def _fact(label: str, text: str, *, mono: bool = False) -> list[Any]:
    return [label, cell(text), mono]
