"""JSON Canonicalization Scheme (RFC 8785): one value, one sequence of bytes.

`encode` is the whole standard.  `encode_record` is the fast path for headers and bodies, which hold
no floats and have ASCII keys; a property test holds the two equal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from affidavit.proof.errors import ProofError

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader holds exactly (RFC 8785 section 3.2.2.3)."""

_ATOMS = frozenset({str, bool, type(None)})
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_ESCAPE = json.encoder.encode_basestring


def encode(value: Any) -> bytes:
    """Encode a JSON value as RFC 8785 says: sorted by UTF-16 code units, ECMAScript numbers, UTF-8.

    Takes None, bool, int within 2^53-1, finite float, str, and lists, tuples and mappings of these.
    Raises ProofError for NaN and infinities, larger integers, lone surrogates, keys that are not
    text, any other type, and nesting too deep to write.
    """
    pieces: list[str] = []
    try:
        _write(value, pieces.append)
        return "".join(pieces).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ProofError(
            "canonical JSON: text holds a lone surrogate, which has no UTF-8"
        ) from error
    except RecursionError as error:
        raise ProofError("canonical JSON: nested too deeply") from error


def encode_record(value: Mapping[str, Any]) -> bytes:
    """Encode a header or a body; the same bytes as `encode`, about twenty times as fast.

    Raises ProofError as `encode` does, and for any float: records hold none.
    """
    try:
        is_plain = _is_plain(value)
    except RecursionError as error:
        raise ProofError("canonical JSON: nested too deeply") from error
    if not is_plain:
        # Keys beyond ASCII sort differently in UTF-8 and in UTF-16, and subclasses (an enum, an
        # ordered mapping) need a look of their own: the complete encoder knows both.
        return encode(value)
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return encode(value)  # deeper than orjson goes, or refused with words of our own


def decode(data: bytes) -> Any:
    """Read canonical JSON, refusing every other spelling of the same value.

    What comes back re-encodes to `data`; so duplicate keys, whitespace, other orders, escapes or
    number formats are refused.  Numbers with a fraction or exponent and integers beyond 2^53-1 come
    back as float, as RFC 8785 sees all numbers; records hold none (see `decode_record`).
    Raises ProofError.
    """
    try:
        value = json.loads(data.decode("utf-8"), parse_int=_number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProofError(f"not JSON: {error}") from error
    if encode(value) != data:
        raise ProofError("JSON that is not in canonical form (RFC 8785)")
    return value


def decode_record(data: bytes) -> dict[str, Any]:
    """Read a header or a body: a canonical JSON object without floats.  Raises ProofError."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ProofError(f"not JSON: {error}") from error
    if type(value) is not dict:
        raise ProofError("not a JSON object")
    if encode_record(value) != data:
        raise ProofError("JSON that is not in canonical form (RFC 8785)")
    return value


def _is_plain(value: Any) -> bool:
    """Tell whether orjson's order and spelling are certainly RFC 8785's; refuse floats."""
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                _refuse_floats(value)
                return False
            item_kind = type(item)
            if item_kind not in _ATOMS and item_kind is not int and not _is_plain(item):
                return False
        return True
    if kind is list:
        for item in value:
            item_kind = type(item)
            if item_kind not in _ATOMS and item_kind is not int and not _is_plain(item):
                return False
        return True
    _refuse_floats(value)
    return kind in _ATOMS or kind is int


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ProofError(f"canonical JSON: a record holds no floats, and here is {value!r}")
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def _write(value: Any, put: Any) -> None:
    if value is None:
        put("null")
    elif value is True:
        put("true")
    elif value is False:
        put("false")
    elif isinstance(value, str):
        put(_ESCAPE(str.__str__(value)))
    elif isinstance(value, int):
        put(_integer(int(value)))
    elif isinstance(value, float):
        put(_ecmascript(float(value)))
    elif isinstance(value, Mapping):
        _write_object(value, put)
    elif isinstance(value, list | tuple):
        separator = "["
        for item in value:
            put(separator)
            _write(item, put)
            separator = ","
        put("]" if value else "[]")
    else:
        raise ProofError(f"canonical JSON: {type(value).__name__} is not a JSON value")


def _write_object(value: Mapping[Any, Any], put: Any) -> None:
    separator = "{"
    for key in sorted(value, key=_utf16):
        put(separator)
        put(_ESCAPE(key))
        put(":")
        _write(value[key], put)
        separator = ","
    put("}" if value else "{}")


def _utf16(key: Any) -> bytes:
    if not isinstance(key, str):
        raise ProofError(f"canonical JSON: a key must be text, not {type(key).__name__}")
    return key.encode("utf-16-be")


def _integer(value: int) -> str:
    if abs(value) > MAX_SAFE_INTEGER:
        raise ProofError(
            f"canonical JSON: {value} is beyond 2^53-1 and would not be read back exactly"
        )
    return str(value)


def _ecmascript(value: float) -> str:
    """Format as ECMAScript's Number::toString does (RFC 8785 section 3.2.2.3)."""
    if not math.isfinite(value):
        raise ProofError(f"canonical JSON: {value!r} is not a JSON number")
    if value == 0:
        return "0"
    if value < 0:
        return "-" + _ecmascript(-value)
    # repr gives the shortest digits that read back the same, as ECMAScript does; only the layout
    # differs.
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    head = digits if count == 1 else digits[0] + "." + digits[1:]
    return f"{head}e{point - 1:+d}"


def _number(text: str) -> int | float:
    # Longer than any double's exact form is certainly not canonical, and int() of it would be slow.
    if len(text) > 400:
        raise ProofError("canonical JSON: a number with more than 400 digits")
    value = int(text)
    return value if abs(value) <= MAX_SAFE_INTEGER else float(value)


def _refuse(text: str) -> Any:
    raise ProofError(f"canonical JSON: {text} is not a JSON number")
