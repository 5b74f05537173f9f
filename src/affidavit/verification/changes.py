"""What a commit changed, as values: the verifiers read these and know nothing of git."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Protocol

MAX_BYTES = 10 * 1024 * 1024  # a larger file is not read as text, and git does not diff it


class CannotEvaluate(Exception):
    """What a rule needs to know can't be known; the message is a full sentence for the verdict's reason."""


class FileKind(StrEnum):
    """What a path holds."""

    REGULAR = "regular"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


class Change(StrEnum):
    """What happened to a path. A rename is a deletion of the old path and an addition of the new one."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


class Source(Protocol):
    """Where contents come from."""

    def size(self, oid: str) -> int:
        """Return the size in bytes."""

    def is_binary(self, oid: str) -> bool:
        """Say whether a NUL is among the first 8,000 bytes, which is git's own test."""

    def read(self, oid: str, path: str) -> bytes:
        """Return the content; raises CannotEvaluate where it is too large."""

    def hunks(self, commit: Commit) -> dict[str, list[range]]:
        """Return, by new path, the added lines of each modified file."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; times are aware and in UTC, texts hold neither NUL nor lone surrogates.

    `notes` states what could not be shown as it is (undecodable text, an unreadable date).
    `missing_parent` is the first parent that this clone does not hold.
    """

    sha: str
    parents: tuple[str, ...]
    author: str
    committer: str
    authored_at: datetime
    committed_at: datetime
    subject: str
    body: str
    notes: tuple[str, ...] = ()
    missing_parent: str | None = None


@dataclass(frozen=True)
class Blob:
    """One side of a changed file: what stands (or stood) at `path`."""

    path: str
    oid: str
    kind: FileKind
    source: Source = field(repr=False, compare=False)

    @cached_property
    def size(self) -> int:
        """Size in bytes; 0 for a submodule, whose content is elsewhere."""
        return 0 if self.kind is FileKind.SUBMODULE else self.source.size(self.oid)

    @cached_property
    def is_text(self) -> bool:
        """Whether this is a regular file without NUL in its first 8,000 bytes."""
        return self.kind is FileKind.REGULAR and not self.source.is_binary(self.oid)

    @property
    def is_too_large(self) -> bool:
        """Whether the content is larger than what is read and diffed."""
        return self.size > MAX_BYTES

    def read(self) -> bytes:
        """Return the content.

        Raises:
            CannotEvaluate: it is larger than what is read, or not in this clone.
        """
        return self.source.read(self.oid, self.path)

    def text(self) -> str:
        """Return the content as text; bytes that are not UTF-8 become U+FFFD."""
        return self.read().decode("utf-8", errors="replace")


@dataclass(frozen=True)
class ChangedFile:
    """One changed file; the counts are None where git counts no lines (binary, or too large)."""

    old: Blob | None
    new: Blob | None
    additions: int | None
    deletions: int | None
    commit: Commit = field(repr=False)
    source: Source = field(repr=False, compare=False)

    @property
    def path(self) -> str:
        """The path after the change; of a deleted file the path before."""
        present = self.new or self.old
        assert present is not None
        return present.path

    @property
    def touched(self) -> tuple[tuple[Change, str], ...]:
        """What happened to which paths."""
        if self.old is None or self.new is None:
            return ((Change.ADDED if self.old is None else Change.DELETED, self.path),)
        if self.old.path != self.new.path:
            return (Change.DELETED, self.old.path), (Change.ADDED, self.new.path)
        return ((Change.MODIFIED, self.new.path),)

    def added_lines(self) -> list[range]:
        """Return the numbers (from 1) of the lines that the change added or altered, in order.

        Every line of a new file counts; a rename without an edit adds none.
        """
        if self.new is None or not self.new.is_text:
            return []
        if self.old is None or self.old.kind is not FileKind.REGULAR or not self.old.is_text:
            return [range(1, count_lines(self.new.text()) + 1)]
        return self.source.hunks(self.commit).get(self.new.path, [])


@dataclass(frozen=True)
class ChangeSet:
    """Everything that a commit changed against its first parent, or against nothing if it is a root."""

    commit: Commit
    files: tuple[ChangedFile, ...]


def split_lines(text: str) -> list[str]:
    """Split as git counts lines: at LF alone; an LF at the end begins no further line."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def count_lines(text: str) -> int:
    """Return the number of lines as git counts them."""
    return text.count("\n") + (0 if not text or text.endswith("\n") else 1)
