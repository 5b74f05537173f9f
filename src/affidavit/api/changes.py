"""How a route changes something: one transaction, and the same answer for the same Idempotency-Key."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from affidavit.api.auth import member_of_request
from affidavit.api.models import IdempotencyKey
from affidavit.identity.selectors import Member
from affidavit.kit import clock
from affidavit.kit.errors import Conflict, InvalidInput
from affidavit.ledger import services as ledger

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(days=7)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, kw_only=True)
class Change:
    """On whose behalf, and when, a change is made."""

    member: Member
    now: datetime


Verb = Callable[[Change], tuple[int, Any]]


def answer(data: Any, *, status: int = 200) -> HttpResponse:
    """Return `data` as a JSON answer."""
    return HttpResponse(orjson.dumps(data), status=status, content_type="application/json")


def change(request: HttpRequest, verb: Verb) -> HttpResponse:
    """Run `verb` in a transaction and answer with the status and data that it returns.

    With an Idempotency-Key, the answer is kept for seven days: the same key, address and body answers the
    same bytes and does nothing; requests at the same time wait for one another. A request that failed
    wrote nothing and is not kept.

    Raises:
        Conflict: the key came with another body before.
        InvalidInput: the key is not 1 to 255 visible ASCII characters.
        Whatever the verb raises; then nothing was written.
    """
    now = clock.now()
    asked = Change(member=member_of_request(request), now=now)
    key = request.headers.get(HEADER)
    if key is None:
        with transaction.atomic():
            status, data = verb(asked)
        return answer(data, status=status)
    if not _KEY.fullmatch(key):
        raise InvalidInput(f"{HEADER} must be 1 to 255 visible ASCII characters, such as a UUID")
    with transaction.atomic():
        # The ledger's lock is the one that the verb takes, too: no second lock, no deadlock.
        ledger.lock(organization=asked.member.organization)
        kept = IdempotencyKey(
            organization=asked.member.organization, user=asked.member.user, method=request.method or "",
            path=request.path, key=key, fingerprint=_fingerprint(request), created_at=now,
        )  # fmt: skip
        known = _known(kept)
        if known is not None:
            return _again(known, kept)
        status, data = verb(asked)
        response = answer(data, status=status)
        kept.status, kept.body = status, response.content
        kept.save(force_insert=True)
        old = IdempotencyKey.objects.filter(
            organization=kept.organization, created_at__lt=now - KEPT
        )
        old.delete()
    return response


def _fingerprint(request: HttpRequest) -> bytes:
    asked = request.META.get("QUERY_STRING", "").encode() + b"\n" + request.body
    return hashlib.sha256(asked).digest()


def _known(kept: IdempotencyKey) -> IdempotencyKey | None:
    return IdempotencyKey.objects.filter(
        organization=kept.organization,
        user=kept.user,
        method=kept.method,
        path=kept.path,
        key=kept.key,
    ).first()


def _again(known: IdempotencyKey, kept: IdempotencyKey) -> HttpResponse:
    if bytes(known.fingerprint) != bytes(kept.fingerprint):
        raise Conflict(
            f"The {HEADER} {kept.key[:80]!r} came with another body before, at"
            f" {clock.format_time(known.created_at)}. Use a new key for a new request."
        )
    response = HttpResponse(bytes(known.body), status=known.status, content_type="application/json")
    response[REPLAYED] = "true"
    return response
