"""The header of a ledger entry: its members, their forms, and reading one strictly."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

import orjson

from affidavit.proof.canonical import decode_record
from affidavit.proof.errors import ProofError

VERSION: Final = 1

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
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def parse_header(line: bytes) -> dict[str, Any]:
    """Read a header: canonical JSON, every required member, every known member in its form.

    Members that are not known are let through, so that a later version's additions do not break
    this reader; they are hashed like the others and take no part in any filter.
    Raises ProofError.
    """
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
    _check_forms(header)
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
        _check_time(name, header[name])
    revision = header["revision"]
    if revision < 1 or (revision == 1) == ("supersedes" in header):
        raise ProofError(
            f"the header is of revision {revision} and supersedes {header.get('supersedes')};"
            " revision 1 supersedes nothing, every later one does"
        )
    if header.get("is_waived") is False:
        raise ProofError("the header's is_waived is false; it stands there only when true")


def _check_time(name: str, value: str) -> None:
    # The fixed form is what makes comparing as text the same as comparing as time.
    if not _TIME.fullmatch(value):
        raise ProofError(
            f"the header's {name} is not RFC 3339 UTC with microseconds: {value!r:.80}"
        )
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise ProofError(f"the header's {name} is no time: {value!r}") from error
