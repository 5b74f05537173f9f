"""The manifest of a package: reading it strictly, and holding it against itself and the checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from affidavit.proof.checkpoint import Checkpoint
from affidavit.proof.errors import ProofError
from affidavit.proof.package_format import FORMAT_VERSION
from affidavit.proof.query import Query
from affidavit.proof.strict import b64encode

_OWN = frozenset({"format", "files", "csv"})
"""Members that may differ between the package's manifest and that of a format within it."""


@dataclass(frozen=True)
class Manifest:
    """A manifest whose form has been checked; `value` holds all of it, as it was read."""

    value: Mapping[str, Any]
    query: Query
    files: Mapping[str, tuple[str, int]]

    @property
    def counts(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Give the numbers of matching and of exported records by type."""
        rows = self.value["rows"]
        return rows["matching"], rows["exported"]

    @property
    def formula_guard(self) -> bool:
        """Tell whether the CSV's texts are guarded against running as formulas."""
        return bool(self.value["csv"]["formula_guard"])


def read_json(data: bytes, *, what: str) -> Any:
    """Read JSON in any layout, refusing duplicate keys and numbers that JSON does not have."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProofError(f"{what}: not JSON: {error}") from error


def parse_manifest(data: bytes) -> Manifest:
    """Read `manifest.json`.  Raises ProofError where a member that verification needs is not there."""
    value = read_json(data, what="manifest.json")
    if not isinstance(value, dict) or value.get("format_version") != FORMAT_VERSION:
        raise ProofError(f"manifest.json: not of format version {FORMAT_VERSION}")
    try:
        query = Query.from_json(_member(value, "query", dict))
        files = {
            _member(entry, "name", str): (
                _member(entry, "sha256", str),
                _member(entry, "size_bytes", int),
            )
            for entry in _member(value, "files", list)
        }
        rows = _member(value, "rows", dict)
        for name in ("matching", "exported"):
            _check_counts(_member(rows, name, dict))
        for name in ("total_matching", "total_exported"):
            _member(rows, name, int)
        for name in ("ledger", "organization", "filters", "repos", "actors", "bounds"):
            _member(value, name, dict)
        _member(_member(value, "csv", dict), "formula_guard", bool)
    except ValueError as error:
        raise ProofError(f"manifest.json: {error}") from error
    if len(files) != len(value["files"]):
        raise ProofError("manifest.json: lists a file twice")
    return Manifest(value, query, files)


def contradictions(manifest: Manifest, checkpoint: Checkpoint, note: str) -> Iterator[str]:
    """Give each way in which the manifest contradicts the signed checkpoint or itself."""
    value, query = manifest.value, manifest.query
    ledger, rows = value["ledger"], value["rows"]
    expected = {
        "ledger.origin": (ledger.get("origin"), checkpoint.origin),
        "ledger.size": (ledger.get("size"), checkpoint.size),
        "ledger.root_hash": (ledger.get("root_hash"), b64encode(checkpoint.root)),
        "checkpoint": (value.get("checkpoint"), note),
        "query.ledger_size": (query.ledger_size, checkpoint.size),
        "order": (value.get("order"), "seq"),
        "format": (value.get("format"), "package"),
        "bounds.from": (value["bounds"].get("from"), query.occurred_from),
        "bounds.until": (value["bounds"].get("until"), query.occurred_until),
        "bounds.rule": (value["bounds"].get("rule"), "inclusive-exclusive"),
        "rows.exported": (rows["exported"], rows["matching"]),
        "rows.total_matching": (rows["total_matching"], sum(rows["matching"].values())),
        "rows.total_exported": (rows["total_exported"], sum(rows["exported"].values())),
    }
    for name, (found, wanted) in expected.items():
        if found != wanted:
            yield f"{name} is {_short(found)}, expected {_short(wanted)}"
    for name, ids in (("repos", query.repo_ids), ("actors", query.actor_ids)):
        if sorted(map(str, value[name].values())) != sorted(ids):
            yield f"{name} names {_short(value[name])}, but the query holds the ids {_short(list(ids))}"


def inner_differences(outer: Mapping[str, Any], inner: Any) -> Iterator[str]:
    """Give the members in which a manifest inside a format differs from the package's."""
    if not isinstance(inner, dict):
        yield "its manifest is not an object"
        return
    for name in sorted((outer.keys() | inner.keys()) - _OWN):
        if outer.get(name) != inner.get(name):
            mine, theirs = _short(outer.get(name)), _short(inner.get(name))
            yield f"its manifest says {name} {theirs}, manifest.json {mine}"


def _member(value: Any, name: str, kind: type) -> Any:
    found = value.get(name) if isinstance(value, dict) else None
    if type(found) is not kind:
        raise ProofError(f"manifest.json: {name} is missing or not of type {kind.__name__}")
    return found


def _check_counts(counts: Mapping[str, Any]) -> None:
    for name, count in counts.items():
        if type(count) is not int or count < 0:
            raise ProofError(f"manifest.json: the count of {name} is {count!r:.40}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 160 else text[:157] + "..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("an object has the same key twice")
    return value


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")
