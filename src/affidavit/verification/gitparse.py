"""Git's own formats, read: commit objects, and `--raw --numstat -z`. Pure functions over bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from affidavit.kit.clock import EPOCH
from affidavit.verification.changes import Blob, Commit, FileKind, Source
from affidavit.verification.gitprocess import GitError

_PERSON = re.compile(rb"(?P<name>.*?) ?<[^<>]*>(?: (?P<stamp>\d+)(?: [+-]\d+)?)?\s*", re.DOTALL)
_KINDS = {b"120000": FileKind.SYMLINK, b"160000": FileKind.SUBMODULE}
_NO_NAME = "(no name)"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of git's list of changed files; None counts mean that git counted no lines."""

    old: Blob | None
    new: Blob | None
    additions: int | None
    deletions: int | None

    @property
    def is_in_patch(self) -> bool:
        """Whether the entry is a modification or a rename, not an addition, deletion or change of type."""
        return self.old is not None and self.new is not None and self.old.kind is self.new.kind


def parse_commit(sha: str, raw: bytes) -> Commit:
    """Read a commit object; what can't be shown as it is, is replaced and stated in `notes`."""
    head, _, message = raw.partition(b"\n\n")
    headers: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\n"):
        name, _, value = line.partition(b" ")
        headers.setdefault(name, []).append(value)  # a continuation line has the empty name
    notes: list[str] = []
    encoding = headers.get(b"encoding", [b"utf-8"])[0].decode("ascii", "replace")
    author, authored_at = _person(headers.get(b"author", [b""])[0], encoding, "author", notes)
    committer, committed_at = _person(
        headers.get(b"committer", [b""])[0], encoding, "committer", notes
    )
    subject, body = _message(_decode(message, encoding, "message", notes))
    if committed_at is None:
        committed_at = EPOCH
        notes.append("The committer's date can't be read; it stands as 1970, as git shows it.")
    if authored_at is None:
        authored_at = committed_at
        notes.append("The author's date can't be read; the committer's date stands for it.")
    parents = tuple(value.decode() for value in headers.get(b"parent", []))
    return Commit(
        sha,
        parents,
        author,
        committer,
        authored_at,
        committed_at,
        subject,
        body,
        tuple(dict.fromkeys(notes)),
    )


def _person(
    value: bytes, encoding: str, role: str, notes: list[str]
) -> tuple[str, datetime | None]:
    found = _PERSON.fullmatch(value)
    name = _decode(found["name"] if found else value, encoding, f"{role}'s name", notes).strip()
    try:
        moment = (
            EPOCH + timedelta(seconds=int(found["stamp"])) if found and found["stamp"] else None
        )
    except OverflowError:
        moment = None
    return name or _NO_NAME, moment.astimezone(UTC) if moment else None


def _message(text: str) -> tuple[str, str]:
    """Split into subject (git's `%s`: the first paragraph on one line) and body."""
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    blank = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    subject = " ".join(line.strip() for line in lines[:blank])
    return subject, "\n".join(lines[blank:]).strip("\n")


def _decode(raw: bytes, encoding: str, what: str, notes: list[str]) -> str:
    try:
        name = codecs.lookup(encoding).name
        text = raw.decode(name)
    except (LookupError, UnicodeError):
        text = raw.decode("utf-8", "replace")
        notes.append(f"The {what} is not valid {encoding}; what can't be read is shown as U+FFFD.")
    return _statable(text, what, notes)


def _statable(text: str, what: str, notes: list[str]) -> str:
    """Replace what no record can state: NUL, and the lone surrogates that some old encodings produce."""
    cleaned = re.sub("[\x00\ud800-\udfff]", "\ufffd", text)
    if cleaned != text:
        notes.append(
            f"The {what} holds characters that no record can state; they are shown as U+FFFD."
        )
    return cleaned


def parse_raw(output: bytes, source: Source) -> list[Entry]:
    r"""Read the output of `git diff-tree --raw --numstat -z`.

    A path that is not UTF-8 has its odd bytes written as `\xNN`.
    """
    tokens = iter(output.split(b"\x00"))
    sides: list[tuple[Blob | None, Blob | None]] = []
    token = next(tokens, b"")
    while token.startswith(b":"):
        sides.append(_sides(token, tokens, source))
        token = next(tokens, b"")
    entries: list[Entry] = []
    for old, new in sides:
        additions, deletions, path = token.split(b"\t", 2)
        if not path:  # a rename: old and new path follow
            next(tokens)
            next(tokens)
        entries.append(Entry(old, new, _count(additions), _count(deletions)))
        token = next(tokens, b"")
    if token.strip():
        raise GitError(f"git's list of changed files ends in something unknown: {token[:200]!r}")
    return entries


def _sides(
    token: bytes, tokens: Iterator[bytes], source: Source
) -> tuple[Blob | None, Blob | None]:
    old_mode, new_mode, old_oid, new_oid, status = token[1:].split(b" ")
    old_path = new_path = next(tokens)
    if status[:1] in b"RC":
        new_path = next(tokens)
    old = None if status[:1] in b"AC" else _blob(old_path, old_mode, old_oid, source)
    return old, None if status[:1] == b"D" else _blob(new_path, new_mode, new_oid, source)


def _blob(path: bytes, mode: bytes, oid: bytes, source: Source) -> Blob:
    name = path.decode("utf-8", "backslashreplace")
    return Blob(name, oid.decode(), _KINDS.get(mode, FileKind.REGULAR), source)


def _count(text: bytes) -> int | None:
    return None if text == b"-" else int(text)
