"""Evidence as it is shown: text with its lines numbered, pictures, anything else to download."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from affidavit.identity.models import Organization
from affidavit.kit.errors import AffidavitError
from affidavit.verification.evidence import open_evidence

PREVIEW_BYTES = 64 * 1024
# What a browser may render from us: no script can be in these. SVG and HTML can hold scripts.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_TEXTUAL = ("text/", "application/json", "application/x-ndjson", "application/xml")
_NUMBERED = re.compile(r"^\s*\d+ \| ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One piece of evidence. `lines` are the text shown; `missing` says why there is nothing to show."""

    kind: str
    sha256: str
    size_bytes: int
    media_type: str
    picture: bool = False
    lines: list[str] | None = None
    numbered: bool = False
    shown_bytes: int = 0
    missing: str = ""

    @property
    def partial(self) -> bool:
        """Whether the text shown is only the beginning."""
        return self.lines is not None and self.shown_bytes < self.size_bytes


def exhibits(organization: Organization, references: list[dict[str, Any]]) -> list[Exhibit]:
    """Return the evidence that a verdict refers to, in its order."""
    return [_exhibit(organization, reference) for reference in references]


def _exhibit(organization: Organization, reference: dict[str, Any]) -> Exhibit:
    shown = {name: reference[name] for name in ("kind", "sha256", "size_bytes", "media_type")}
    media_type = str(reference["media_type"]).split(";")[0].strip().lower()
    try:
        _, file = open_evidence(organization=organization, sha256=reference["sha256"])
    except AffidavitError as error:
        return Exhibit(**shown, missing=error.message)
    with file:
        if media_type in PICTURES:
            return Exhibit(**shown, picture=True)
        if not media_type.startswith(_TEXTUAL):
            return Exhibit(**shown)
        data = file.read(PREVIEW_BYTES)
    text = data.decode("utf-8", errors="replace")
    return Exhibit(
        **shown,
        lines=text.removesuffix("\n").split("\n"),
        numbered=_NUMBERED.search(text) is None,
        shown_bytes=len(data),
    )
