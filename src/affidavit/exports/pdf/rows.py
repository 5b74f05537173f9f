"""A record as the report's layout takes it: parts of text, each with how it is to be set.

A row is `[seq, tone, status, parts, may run over pages]`. A part is `[kind, text]`; `[kind, text, lang]` in
another language or with long words, where it can still share a paragraph; else `[kind, pieces, lang]`. Kinds:
`t` title, `x` text, `f` facts, `m` monospaced (template/records.typ).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from affidavit.exports.pdf.shapes import MARKS, Body, Field, Shape, shape_of, words
from affidavit.exports.pdf.text import (
    BREAK,
    PIECE,
    RIGHT_TO_LEFT,
    code_point,
    has_rtl,
    inline,
    pieces,
    shown,
)

MONO_COLUMNS = 100  # monospaced characters that fit into a line of the text column
LONG = 2_400  # characters, about a third of a page; a longer record may run over to the next page
Part = list[Any]

_ENVELOPE = frozenset(
    {
        "record_id", "record_type", "revision", "seq", "occurred_at", "recorded_at", "organization",
        "repo", "actor", "actor_kind", "via",
    }
)  # fmt: skip


def row_of(body: Body) -> list[Any]:
    """Return the row of one record, with every member of its body."""
    shape = shape_of(body["record_type"])
    tone, status = _status(shape, body)
    parts = [_text("t", shape.title(body))]
    for member, label in shape.texts:
        if body.get(member) not in (None, "", []):
            parts.extend(_texts(label, body[member]))
    facts = _facts(shape, body)
    if len(facts) > PIECE:
        parts.append(["f", pieces(facts), ""])
    else:
        parts.append(["f", facts, ""] if BREAK in facts else ["f", facts])
    parts.append(["m", _ids(shape, body)])
    return [str(body["seq"]), tone, status, parts, _is_long(parts)]


def _is_long(parts: list[Part]) -> bool:
    size = sum(
        len(part[1]) + 80 if isinstance(part[1], str) else sum(map(len, part[1])) for part in parts
    )
    return size > LONG


def _status(shape: Shape, body: Body) -> tuple[str, str]:
    if shape.status is None:
        number = body.get("runbook_number")
        version = body.get("runbook_version")
        return (
            "plain",
            f"r/{number} v{version}" if number is not None and version is not None else "",
        )
    word = str(body.get(shape.status) or "")
    symbol, tone = MARKS.get(word, ("", "plain"))
    waived = "\u00a0· waived" if body.get("is_waived") else ""
    return tone, f"{symbol}\u00a0{inline(words(word))}{waived}".strip("\u00a0")


def _text(kind: str, text: str) -> Part:
    result, lang = shown(text)
    if lang in RIGHT_TO_LEFT or len(result) > PIECE or has_rtl(result):
        return [kind, pieces(result), lang]
    return [kind, result, lang] if lang or BREAK in result else [kind, result]


def _texts(label: str, value: Any) -> Iterator[Part]:
    """Yield the paragraphs of one member: a text, a numbered list of texts, or JSON."""
    if isinstance(value, str):
        yield _text("x", f"{label}: {value}" if label else value)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        if label:
            yield ["f", label]
        for number, item in enumerate(value, start=1):
            yield _text("x", f"{number}. {item}")
    elif isinstance(value, dict) and set(value) == {"added", "changed", "removed"}:
        yield ["f", label]
        for item in value["added"]:
            yield _text("x", f"+ {item}")
        for item in value["changed"]:
            yield _text("x", f"± {item['from']}")
            yield _text("x", f"→ {item['to']}")
        for item in value["removed"]:
            yield _text("x", f"- {item}")
    else:
        yield _text("x", f"{label}: {_json(value)}")


def _facts(shape: Shape, body: Body) -> str:
    repo, revision = body.get("repo"), body["revision"]
    occurred, recorded = body["occurred_at"], body["recorded_at"]
    same_day = recorded[:11] == occurred[:11]
    facts = [f"{occurred}, recorded {recorded[11:] if same_day else recorded}"]
    if repo is not None:
        facts.append(inline(repo))
    facts.append(f"{inline(body['actor'])} ({body['actor_kind']}, via {body['via']})")
    if revision != 1:
        facts.append(f"revision {revision}")
    facts.extend(
        _fact(field, body)
        for field in shape.facts
        if body.get(field[0]) not in (None, False, "", occurred, body["actor"])
    )
    named = {name for name, _ in (*shape.texts, *shape.facts, *shape.ids)}
    for member, value in body.items():
        if member in _ENVELOPE or member in named or member in shape.used or member == shape.status:
            continue
        if value is not None:
            facts.append(_fact((member, words(member)), body))
    return " · ".join(fact for fact in facts if fact)


def _fact(field: Field, body: Body) -> str:
    member, label = field
    value = body[member]
    if value is True:
        return label
    if member == "location":
        lines = [
            str(value[key]) for key in ("start_line", "end_line") if value.get(key) is not None
        ]
        place = inline(str(value.get("file")))
        return f"{label} {place}" + (f":{'–'.join(dict.fromkeys(lines))}" if lines else "")
    if member == "branch":
        names = [inline(value[key]) for key in ("working", "target") if value.get(key) is not None]
        return f"{label} {' → '.join(names)}" if names else ""
    text = value if isinstance(value, str) else _json(value)
    return f"{label}{'' if label.endswith('/') else ' '}{inline(text)}"


def _ids(shape: Shape, body: Body) -> str:
    """Return the identifiers, packed into lines here so that none is ever broken across two."""
    record_id = body["record_id"]
    items = [f"record {record_id}"]
    for member, label in shape.ids:
        value = body.get(member)
        if value in (None, [], record_id):
            continue
        if member == "evidence":
            items.extend(_evidence(item) for item in value)
        elif isinstance(value, list):
            items.extend(f"{label} {item}" for item in value)
        else:
            items.append(f"{label} {value}")
    lines = [items[0]]
    for item in items[1:]:
        if len(lines[-1]) + 2 + len(item) <= MONO_COLUMNS:
            lines[-1] += f"  {item}"
        else:
            lines.append(item)
    return "\n".join(_ascii(line) for line in lines)


def _evidence(item: Any) -> str:
    return f"{item['kind']} sha256:{item['sha256']} {item['size_bytes']} bytes"


def _ascii(line: str) -> str:
    """Ids are ASCII by contract; whatever else stands there is written as code points."""
    return (
        line
        if line.isascii() and line.isprintable()
        else "".join(c if " " <= c <= "~" else code_point(c) for c in line)
    )


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
