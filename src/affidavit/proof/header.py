"""The header of a ledger entry: its members, their forms, and reading one strictly."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

import orjson

from affidavit.proof.canonical import decode_record
from affidavit.proof.errors import ProofError

VERSION: Final = 1
IMPORT: Final = "import"

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)
_HMAC = re.compile(r"[0-9a-f]{64}", re.ASCII)

_TEXT_MEMBERS = frozenset(
    {
        "organization", "record_type", "record_id", "occurred_at", "recorded_at", "actor_id",
        "actor_kind", "via", "repo_id", "run_id", "commit_sha", "status", "waiver_category",
        "body_hmac",
    }
)  # fmt: skip
_NUMBER_MEMBERS = frozenset(
    {"v", "seq", "revision", "supersedes", "runbook_number", "runbook_version"}
)
_TYPES: dict[str, type] = {
    **dict.fromkeys(_TEXT_MEMBERS, str),
    **dict.fromkeys(_NUMBER_MEMBERS, int),
    "is_waived": bool,
}
_REQUIRED = frozenset(
    {
        "v", "organization", "seq", "record_type", "record_id", "revision", "occurred_at",
        "recorded_at", "actor_id", "actor_kind", "via", "body_hmac",
    }
)  # fmt: skip
# A canonical header of the usual kind: members in order, texts that need no escape, numbers below
# 10^15. What matches is known to be canonical and complete, at a third of the cost of encoding it
# again; what does not is looked at more closely.
_TEXT = r'"[ !#-\[\]-~]*"'
_NUMBER = r"(?:0|[1-9][0-9]{0,14})"
_MOMENT = rf'"{_TIME.pattern}"'
_USUAL_MEMBERS = (
    ("actor_id", _TEXT, True),
    ("actor_kind", _TEXT, True),
    ("body_hmac", rf'"{_HMAC.pattern}"', True),
    ("commit_sha", _TEXT, False),
    ("is_waived", "true", False),
    ("occurred_at", _MOMENT, True),
    ("organization", _TEXT, True),
    ("record_id", rf'"{_ID.pattern}"', True),
    ("record_type", _TEXT, True),
    ("recorded_at", _MOMENT, True),
    ("repo_id", _TEXT, False),
    ("revision", r"[1-9][0-9]{0,14}", True),
    ("run_id", _TEXT, False),
    ("runbook_number", _NUMBER, False),
    ("runbook_version", _NUMBER, False),
    ("seq", _NUMBER, True),
    ("status", _TEXT, False),
    ("supersedes", _NUMBER, False),
    ("v", str(VERSION), True),
)
_USUAL = re.compile(
    "".join(
        (
            r"\{",
            *(
                f'(?:"{name}":{form},)' + ("" if is_required else "?")
                for name, form, is_required in _USUAL_MEMBERS
            ),
            rf'"via":{_TEXT}(?:,"waiver_category":{_TEXT})?\}}',
        )
    ).encode()
)
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def parse_header(line: bytes) -> dict[str, Any]:
    """Read a header: canonical JSON, every required member, every known member in its form.

    Members that are not known are let through, so that a later version's additions do not break
    this reader; they are hashed like the others and take no part in any filter.
    Raises ProofError.
    """
    if _USUAL.fullmatch(line):
        usual: dict[str, Any] = orjson.loads(line)
        _check_meaning(usual)
        return usual
    header = _parse_closely(line)
    _check_forms(header)
    _check_meaning(header)
    return header


def _parse_closely(line: bytes) -> dict[str, Any]:
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ProofError(f"the header is not JSON: {error}") from error
    if type(header) is not dict:
        raise ProofError("the header is not a JSON object")
    plain = True
    for name, value in header.items():
        expected = _TYPES.get(name)
        if expected is None:
            plain = False
        elif type(value) is not expected:
            raise ProofError(f"the header's {name} is {value!r:.80}, expected {expected.__name__}")
    if not plain:
        decode_record(line)
    elif orjson.dumps(header, option=_OPTIONS) != line:
        # Here every member is known and neither float nor nested: orjson is exact.
        raise ProofError("the header is not canonical JSON (RFC 8785)")
    return header


def _check_forms(header: dict[str, Any]) -> None:
    missing = _REQUIRED - header.keys()
    if missing:
        raise ProofError(f"the header lacks {', '.join(sorted(missing))}")
    if header["v"] != VERSION:
        raise ProofError(f"the header is of version {header['v']}; this verifier knows {VERSION}")
    if not _ID.fullmatch(header["record_id"]):
        raise ProofError(f"the header's record_id is not an id: {header['record_id']!r:.80}")
    if not _HMAC.fullmatch(header["body_hmac"]):
        raise ProofError("the header's body_hmac is not 64 hex digits")
    for name in ("occurred_at", "recorded_at"):
        # The fixed form is what makes comparing as text the same as comparing as time.
        if not _TIME.fullmatch(header[name]):
            shown = f"{header[name]!r:.80}"
            raise ProofError(f"the header's {name} is not RFC 3339 UTC with microseconds: {shown}")
    if header.get("is_waived") is False:
        raise ProofError("the header's is_waived is false; it stands there only when true")


def _check_meaning(header: dict[str, Any]) -> None:
    """Check what the form of a header does not show."""
    try:
        datetime.fromisoformat(header["occurred_at"])
        datetime.fromisoformat(header["recorded_at"])
    except ValueError as error:
        shown = f"{header['occurred_at']}, {header['recorded_at']}"
        raise ProofError(f"one of the header's times is none: {shown}") from error
    revision = header["revision"]
    # An import keeps the number that another ledger gave, though the revisions before it may not be here.
    alone = "supersedes" not in header
    if (
        revision < 1
        or (alone and revision > 1 and header["via"] != IMPORT)
        or (not alone and revision == 1)
    ):
        raise ProofError(
            f"the header is of revision {revision} and supersedes {header.get('supersedes')};"
            " revision 1 supersedes nothing, every later one does unless it was imported"
        )
