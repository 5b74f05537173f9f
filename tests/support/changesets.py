"""Change sets without a repository: what a verifier reads, given as texts."""

from __future__ import annotations

import difflib
import hashlib
from datetime import UTC, datetime

from affidavit.verification.changes import (
    MAX_BYTES,
    Blob,
    CannotEvaluate,
    ChangedFile,
    ChangeSet,
    Commit,
    FileKind,
    count_lines,
)

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Content = str | bytes | None


class Contents:
    """Contents by their digest; hunks by difflib, which agrees with git on changes this small."""

    def __init__(self) -> None:
        self.by_oid: dict[str, bytes] = {}
        self.modified: dict[str, list[range]] = {}

    def add(self, content: str | bytes) -> str:
        raw = content.encode() if isinstance(content, str) else content
        oid = hashlib.sha256(raw).hexdigest()
        self.by_oid[oid] = raw
        return oid

    def size(self, oid: str) -> int:
        return len(self.by_oid[oid])

    def is_binary(self, oid: str) -> bool:
        return b"\x00" in self.by_oid[oid][:8000]

    def read(self, oid: str, path: str) -> bytes:
        if self.size(oid) > MAX_BYTES:
            raise CannotEvaluate(f"{path!r} is not read.")
        return self.by_oid[oid]

    def hunks(self, commit: Commit) -> dict[str, list[range]]:
        return self.modified


def commit(subject: str = "A change", body: str = "", parents: int = 1) -> Commit:
    ids = tuple(f"{number:040x}" for number in range(parents))
    return Commit("f" * 40, ids, "Ada", "Ada", WHEN, WHEN, subject, body)


def change_set(
    made_by: Commit | None = None,
    renamed: dict[str, str] | None = None,
    links: tuple[str, ...] = (),
) -> _Builder:
    """Begin a change set; `renamed` maps new paths to old ones, `links` are symbolic links."""
    return _Builder(made_by or commit(), renamed or {}, links)


class _Builder:
    def __init__(self, made_by: Commit, renamed: dict[str, str], links: tuple[str, ...]) -> None:
        self.commit, self.renamed, self.links = made_by, renamed, links

    def of(self, files: dict[str, tuple[Content, Content]]) -> ChangeSet:
        """Finish it: by path the content before and after, None where there is no file."""
        source = Contents()
        changed = []
        for path, (before, after) in files.items():
            old = self._blob(self.renamed.get(path, path), before, source)
            new = self._blob(path, after, source)
            added, deleted = _counts(before, after)
            if old and new and old.is_text and new.is_text:
                source.modified[path] = _hunks(old.text(), new.text())
            changed.append(ChangedFile(old, new, added, deleted, self.commit, source))
        return ChangeSet(self.commit, tuple(changed))

    def _blob(self, path: str, content: Content, source: Contents) -> Blob | None:
        kind = FileKind.SYMLINK if path in self.links else FileKind.REGULAR
        return None if content is None else Blob(path, source.add(content), kind, source)


def changes(files: dict[str, tuple[Content, Content]]) -> ChangeSet:
    """Return a change set of one ordinary commit."""
    return change_set().of(files)


def added(files: dict[str, str | bytes]) -> ChangeSet:
    """Return a change set that adds files."""
    return changes({path: (None, content) for path, content in files.items()})


def _counts(before: Content, after: Content) -> tuple[int | None, int | None]:
    sides = [side.encode() if isinstance(side, str) else side or b"" for side in (before, after)]
    if any(b"\x00" in side[:8000] or len(side) > MAX_BYTES for side in sides):
        return None, None
    old, new = (side.decode(errors="replace") for side in sides)
    hunks = _hunks(old, new)
    plus = sum(len(hunk) for hunk in hunks)
    return plus, count_lines(old) - count_lines(new) + plus


def _hunks(old: str, new: str) -> list[range]:
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return [
        range(first + 1, last + 1)
        for tag, _, _, first, last in matcher.get_opcodes()
        if tag in ("insert", "replace") and last > first
    ]
