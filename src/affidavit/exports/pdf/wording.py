"""The manifest in words: who asked for what, and what exactly was searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from affidavit.exports.pdf.shapes import shape_of, words
from affidavit.exports.pdf.text import Shown, shown

_NARROW = 40  # a word longer than this may not fit into a cell of the manifest's tables
_FILTER_WORDS = {
    "date": "date range", "from": "from", "until": "until", "repo": "repository", "type": "record type",
    "status": "verdict status", "waiver": "waiver category", "runbook": "runbook", "commit": "commit",
    "run": "run", "q": "full text", "actor": "actor", "revisions": "revisions",
}  # fmt: skip
Manifest = Mapping[str, Any]


def cell(text: Any) -> Shown:
    """Return a value for a cell of the manifest's tables."""
    return shown(str(text), long_word=_NARROW)


def filters_in_words(manifest: Manifest) -> str:
    """Return the filters as the person gave them; those left open are not named."""
    given = [
        f"{_FILTER_WORDS.get(name, words(name))}: {_listed(value)}"
        for name, value in manifest["filters"].items()
        if value not in (None, "", [], ())
    ]
    return "; ".join(given) or "none: every record of the kinds searched"


def query_in_words(manifest: Manifest) -> str:
    """Return the compiled query as one sentence: what was searched, with nothing left to interpret."""
    query = manifest["query"]
    repos = {value: name for name, value in (manifest.get("repos") or {}).items()}
    actors = {value: name for name, value in (manifest.get("actors") or {}).items()}
    current = query.get("revisions", "current") == "current"
    said = [
        f"{'The current revision of each record' if current else 'Every revision of every record'}"
        f" among ledger entries 0 to {int(query['ledger_size']) - 1:,}"
        if query["ledger_size"]
        else "An empty ledger"
    ]
    clauses = (
        ("types", "whose type is", _type_word),
        (
            "repo_ids",
            "whose repository is",
            lambda value: f"{repos.get(value, '')} ({value})".strip(),
        ),
        ("actor_ids", "whose actor is", lambda value: f"{actors.get(value, '')} ({value})".strip()),
        ("verdict_statuses", "that are verdicts with status", words),
        ("waiver_categories", "waived as", words),
    )
    for member, phrase, name in clauses:
        if query.get(member):
            said.append(f"{phrase} {' or '.join(name(value) for value in query[member])}")
    if query.get("runbook_number") is not None:
        said.append(f"of runbook {query['runbook_number']}")
    if query.get("run_id"):
        said.append(f"of run {query['run_id']}")
    if query.get("commit_prefix"):
        said.append(f"whose commit begins with {query['commit_prefix']}")
    if query.get("occurred_from"):
        said.append(f"that occurred at or after {query['occurred_from']}")
    if query.get("occurred_until"):
        said.append(f"that occurred before {query['occurred_until']}")
    if query.get("text"):
        said.append(f"whose text holds {' and '.join(repr(word) for word in query['text'])}")
    return ", ".join(said) + "."


def period_in_words(manifest: Manifest) -> str:
    """Return the bounds as the cover says them."""
    start, end = manifest["bounds"].get("from"), manifest["bounds"].get("until")
    if not start and not end:
        return "from the first record to the state of the ledger when it was asked for"
    return " ".join(
        part
        for part in (f"from {start}" if start else "", f"until before {end}" if end else "")
        if part
    )


def query_json(manifest: Manifest) -> str:
    """Return the compiled query exactly, as the evidence package holds it."""
    return orjson.dumps(manifest["query"], option=orjson.OPT_SORT_KEYS).decode()


def rows_by_type(manifest: Manifest, names: list[str]) -> list[list[Any]]:
    """Return (heading, matching, exported) for each type."""
    rows = manifest["rows"]
    return [
        [
            cell(shape_of(name).heading),
            f"{rows['matching'].get(name, 0):,}",
            f"{rows['exported'].get(name, 0):,}",
        ]
        for name in names
    ]


def _type_word(record_type: str) -> str:
    return "verdict" if record_type == "verification_result" else words(record_type)


def _listed(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
