"""THE table exception -> HTTP status, and the one shape of every error: RFC 9457 problem details."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from ninja.errors import HttpError
from ninja.errors import ValidationError as RequestInvalid

from affidavit.kit import errors

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1  # after a busy database; after too many attempts the exception says how long


class MalformedBody(errors.InvalidInput):
    """The request's body can't be read as JSON with one meaning."""

    code = "malformed_json"


class MalformedAddress(errors.InvalidInput):
    """The address holds what names nothing anywhere."""

    code = "malformed_address"


class UnsupportedMedia(errors.InvalidInput):
    """The body has another media type than the route takes."""

    code = "unsupported_media_type"


class MethodNotAllowed(errors.AffidavitError):
    """The address exists, but does not take this method; the header Allow says which it takes."""

    code = "method_not_allowed"


@dataclass(frozen=True)
class Kind:
    """What an exception means over HTTP; `detail` is said where its own words are not for people."""

    status: int
    title: str
    code: str = ""
    detail: str = ""


# The first row whose class fits counts: the special before the general.
TABLE: tuple[tuple[type[Exception], Kind], ...] = (
    (MalformedBody, Kind(400, "The body is not readable JSON")),
    (MalformedAddress, Kind(400, "The address is malformed")),
    (UnsupportedMedia, Kind(415, "Unsupported media type")),
    (MethodNotAllowed, Kind(405, "Method not allowed")),
    (errors.NotSignedIn, Kind(401, "Not signed in")),
    (errors.Forbidden, Kind(403, "Not allowed")),
    (errors.NotFound, Kind(404, "Not found")),
    (errors.Conflict, Kind(409, "Conflict with what is recorded")),
    (errors.TooLarge, Kind(413, "Too large")),
    (errors.TooMany, Kind(429, "Too many attempts")),
    (errors.NotSetUp, Kind(503, "The service is not set up for this")),
    (errors.InvalidInput, Kind(422, "Invalid input")),
    (errors.AffidavitError, Kind(400, "The request was refused")),
    (RequestInvalid, Kind(422, "Invalid input", "invalid_input", "The request breaks its shape: ")),
    (Http404, Kind(404, "Not found", "not_found", "There is no such address in this API.")),
    (RequestDataTooBig, Kind(413, "Too large", "too_large", "The body is larger than the limit.")),
    (UnreadablePostError, Kind(400, "Unreadable request", "unreadable", "The body broke off.")),
    (SuspiciousOperation, Kind(400, "Bad request", "bad_request", "The request is malformed.")),
    (
        OperationalError,
        Kind(503, "Busy", "busy", "The database is busy or away; nothing was written. Try again."),
    ),
    (
        Exception,
        Kind(500, "Internal error", "internal_error", "Something broke here; nothing was written."),
    ),
)


def kind_of(error: Exception) -> Kind:
    """Return the table's row for an exception."""
    return next(kind for known, kind in TABLE if isinstance(error, known))


def respond(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer an exception with its problem document. What is not in our words is logged, not told."""
    if isinstance(error, HttpError):
        error = _cause(error)
    kind = kind_of(error)
    if kind.status >= 500:
        logger.error("%s %s: %s", request.method, request.path, kind.title, exc_info=error)
    response = problem_response(
        status=kind.status,
        code=kind.code or getattr(error, "code", "error"),
        title=kind.title,
        detail=_detail(error, kind),
        instance=request.path,
        extra=_extra(error),
    )
    if kind.status == 401:
        given = ', error="invalid_token"' if "Authorization" in request.headers else ""
        response["WWW-Authenticate"] = f'Bearer realm="affidavit"{given}'
    if kind.status in (429, 503):
        response["Retry-After"] = str(getattr(error, "extra", {}).get("retry_after", RETRY_SECONDS))
    return response


def problem_response(
    *, status: int, code: str, title: str, detail: str, instance: str, extra: Mapping[str, Any] | None = None
) -> HttpResponse:  # fmt: skip
    """Return a problem document (RFC 9457); `extra` adds members, never replaces one."""
    body = problem(
        status=status, code=code, title=title, detail=detail, instance=instance, extra=extra
    )
    return HttpResponse(body, status=status, content_type=MEDIA_TYPE)


def problem(
    *, status: int, code: str, title: str, detail: str, instance: str, extra: Mapping[str, Any] | None = None
) -> bytes:  # fmt: skip
    """Return the bytes of a problem document; half surrogates that a message quotes become U+FFFD."""
    members = {
        **(extra or {}),
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": _storable(detail),
        "instance": _storable(instance),
        "code": code,
    }
    return orjson.dumps(members, default=lambda value: _storable(str(value)))


@contextmanager
def placed_in(name: str) -> Iterator[None]:
    """Have errors about item i of a batch point at `#/<name>/i` of the request's body."""
    try:
        yield
    except errors.InvalidInput as error:
        if "index" in error.extra:
            error.extra["base"] = f"/{name}/{error.extra['index']}"
        raise


def _cause(error: HttpError) -> Exception:
    """Return what ninja wrapped: it gives every failure of a parser the same words."""
    if isinstance(error.__cause__, Exception):
        return error.__cause__
    if error.status_code == 401:
        return errors.NotSignedIn(
            "This needs a token: send Authorization: Bearer afd_…, or sign in."
        )
    if error.status_code == 429:
        return errors.TooMany(error.message)
    return SuspiciousOperation(error.message)


def _detail(error: Exception, kind: Kind) -> str:
    if isinstance(error, errors.AffidavitError):
        return error.message
    if isinstance(error, RequestInvalid):
        parts = [
            f"{item['pointer']}: {item['detail']}" for item in _errors(error.errors, skip=2)[:10]
        ]
        more = len(error.errors) - len(parts)
        return kind.detail + "; ".join(parts) + (f"; and {more} more, see errors" if more else "")
    return kind.detail


def _extra(error: Exception) -> dict[str, Any]:
    if isinstance(error, RequestInvalid):
        return {"errors": _errors(error.errors, skip=2)}
    extra = dict(getattr(error, "extra", {}))
    base = extra.pop("base", "")
    if "errors" in extra:
        extra["errors"] = _errors(extra["errors"], skip=0, base=base)
    return extra


def _errors(
    found: Sequence[Mapping[str, Any]], *, skip: int, base: str = ""
) -> list[dict[str, str]]:
    """Return pydantic's errors as pointers (RFC 6901, as a URI fragment) and messages.

    `skip` is how many parts of the place are not the request's: where it lies and the parameter's name.
    """
    return [
        {
            "pointer": "#" + base + "".join(f"/{_escaped(part)}" for part in item["loc"][skip:]),
            "detail": str(item["msg"]).removeprefix("Value error, "),
        }
        for item in found
    ]


def _escaped(part: object) -> str:
    text = str(part)[:200].replace("~", "~0").replace("/", "~1")
    return re.sub(r"[^\x21-\x7e]", "\N{REPLACEMENT CHARACTER}", text)


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
