"""What decides an export's bytes: read from its row, given to the renderers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from affidavit.exports.models import Export
from affidavit.exports.types import ExportFormat
from affidavit.identity.models import Organization
from affidavit.kit.errors import AffidavitError
from affidavit.proof.query import Query

Progress = Callable[[int], None]  # called with the number of rows done so far


class ExportIncomplete(AffidavitError):
    """What was written is not what matched: the export is void and nothing of it may be used."""

    code = "export_incomplete"


class ExportCancelled(AffidavitError):
    """The export was cancelled while it was being made."""

    code = "export_cancelled"


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """An export's parameters. The same request over the same ledger gives the same bytes."""

    organization: Organization
    export_id: str
    format: ExportFormat
    query: Query
    formula_guard: bool
    matching: dict[str, int]
    manifest: dict[
        str, Any
    ]  # complete but for what is known only after writing: rows.exported, files

    @property
    def total(self) -> int:
        """How many records match."""
        return sum(self.matching.values())

    @classmethod
    def of(cls, export: Export, manifest: dict[str, Any]) -> ExportRequest:
        """Build the request of a stored export."""
        return cls(
            organization=export.organization,
            export_id=export.export_id,
            format=ExportFormat(export.format),
            query=Query.from_json(export.compiled["query"]),
            formula_guard=export.formula_guard,
            matching=dict(sorted(export.matching.items())),
            manifest=manifest,
        )
