"""Reading a request's JSON so that it has one meaning: what two readers could take for two things is refused.

I-JSON (RFC 7493) and narrower: UTF-8, no duplicate member, no NaN or infinity, no half surrogate, no
U+0000, at most 32 levels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser
from ninja.types import DictStrAny

from affidavit.api.errors import MalformedBody, UnsupportedMedia

MAX_DEPTH = 32
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")  # escapes that may stand for what is refused


class StrictParser(Parser):
    """The API's body parser."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        """Return the request's JSON body.

        Raises:
            UnsupportedMedia: its Content-Type is not application/json in UTF-8.
            MalformedBody: see the module.
        """
        charset = (request.content_params or {}).get("charset", "utf-8")
        if request.content_type != "application/json" or charset.lower() not in ("utf-8", "utf8"):
            raise UnsupportedMedia(
                f"Content-Type is {(request.content_type or '')[:80]!r}; send application/json in UTF-8."
            )
        parsed: DictStrAny = parse(request.body)
        return parsed


def parse(data: bytes) -> Any:
    """Return the one JSON value that `data` holds.

    Raises:
        MalformedBody: it holds none, or one that has no single meaning; the message says where.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not UTF-8: byte {error.start} is wrong.") from error
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # an integer of thousands of digits
        raise MalformedBody(f"The body holds a number that can't be read: {error}.") from error
    _check_depth(value, 1)
    if _SUSPECT.search(text):
        _check_text(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedBody(f"The member {twice[:80]!r} stands twice in one object; say it once.")
    return members


def _constant(name: str) -> NoReturn:
    raise MalformedBody(f"{name} is not JSON; there is no such number in a record.")


def _check_depth(value: Any, depth: int) -> None:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    if depth > MAX_DEPTH:
        raise _too_deep()
    for item in value:
        if isinstance(item, dict | list):
            _check_depth(item, depth + 1)


def _too_deep() -> MalformedBody:
    return MalformedBody(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _check_text(value: Any) -> None:
    for text in _texts(value):
        if "\x00" in text:
            raise MalformedBody(
                "A text holds U+0000 (NUL), which no record can hold. Leave it out."
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise MalformedBody(
                f"A text holds half a surrogate pair (U+{ord(text[error.start]):04X}), which is no character."
            ) from error


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
