"""Reads a git repository: its first-parent history, and what each commit changed.

Contents come from git's objects alone; no work tree is looked at and no code of the repository is run.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from affidavit.kit.errors import InvalidInput, NotFound
from affidavit.verification.changes import MAX_BYTES, CannotEvaluate, ChangedFile, ChangeSet, Commit
from affidavit.verification.gitparse import Entry, parse_commit, parse_raw
from affidavit.verification.gitprocess import Diffs, GitError, Objects, command, run

SNIFFED_BYTES = 8_000  # git's own test for binary content: a NUL among the first 8,000 bytes
_REMEMBERED_BYTES = 32 * 1024 * 1024
_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


class Repository:
    """A repository that is open for reading; use it as a context manager, or call `close`."""

    def __init__(self, git_dir: Path) -> None:
        """Read the repository whose objects are in `git_dir`; `open` finds that folder for a path."""
        self.git_dir = git_dir
        self._objects = Objects(git_dir)
        self._diffs = Diffs(git_dir)
        self._remembered: OrderedDict[str, bytes] = OrderedDict()
        self._remembered_bytes = 0
        self._listed: tuple[str, list[Entry]] = ("", [])
        self._hunks: tuple[str, dict[str, list[range]]] = ("", {})

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the repository at `path`: a work tree's top folder, or a bare repository.

        Raises:
            NotFound: there is nothing at `path`.
            InvalidInput: it is no repository, or a partial clone, which lacks contents.
            GitError: git refuses to read it.
            NotSetUp: there is no git program.
        """
        folder = path.expanduser().resolve()
        if not folder.is_dir():
            raise NotFound(f"There is no folder {folder}; give the path of a git repository.")
        # The ceiling keeps git from finding a repository that merely surrounds the path. Whose it is does
        # not matter: nothing that a repository's owner can set is executed (see gitprocess).
        code, output, said = run(
            ["git", "-c", "safe.directory=*", "rev-parse", "--absolute-git-dir"],
            cwd=folder,
            extra={"GIT_CEILING_DIRECTORIES": str(folder.parent)},
        )
        if code and "not a git repository" in said:
            raise InvalidInput(
                f"{folder} is not a git repository (it holds no .git and is not bare);"
                " give the top folder of one."
            )
        if code:
            raise GitError(f"git can't open {folder}: {said}")
        git_dir = Path(output.decode(errors="surrogateescape").removesuffix("\n"))
        _refuse_partial_clone(git_dir)
        return cls(git_dir)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the git processes."""
        self._objects.close()
        self._diffs.close()

    def head_branch(self) -> str | None:
        """Return the short name of the branch that HEAD is on; None where HEAD is detached."""
        code, output, _ = run(
            command(self.git_dir, ["symbolic-ref", "-q", "--short", "HEAD"]), cwd=self.git_dir
        )
        return None if code else output.decode(errors="backslashreplace").strip()

    def resolve(self, branch: str | None = None) -> str:
        """Return the id of the commit at the tip of a branch (or tag, or revision); None means HEAD.

        Raises:
            InvalidInput: the repository has no commit yet.
            NotFound: there is no such branch.
        """
        if branch is None:
            found = self._objects.info("HEAD^{commit}")
            if found is None:
                raise InvalidInput(
                    f"{self.git_dir} has no commit at HEAD yet; commit something, or name a branch."
                )
            return found[0]
        if not branch.strip() or not branch.isprintable():
            raise InvalidInput(f"{branch!r} is no branch name.")
        for prefix in ("refs/heads/", "refs/remotes/origin/", "refs/tags/", ""):
            found = self._objects.info(f"{prefix}{branch}^{{commit}}")
            if found is not None:
                return found[0]
        raise NotFound(
            f"{self.git_dir} has no branch, tag or commit {branch!r}; 'git branch -a' lists the branches."
        )

    def commit_ids(
        self,
        *,
        branch: str | None = None,
        since: datetime | None = None,
        maximum: int | None = None,
    ) -> list[str]:
        """Return the ids of the first-parent commits of a branch, oldest first.

        `since` keeps those committed at that time or later; `maximum` keeps the newest of these.
        """
        if maximum is not None and maximum < 0:
            raise InvalidInput(f"at most {maximum} commits can't be read; give 0 or more.")
        tip = self.resolve(branch)
        arguments = ["rev-list", "--first-parent", "--timestamp", tip, "--"]
        code, output, said = run(command(self.git_dir, arguments), cwd=self.git_dir)
        if code:
            raise GitError(f"git can't list the history of {self.git_dir}: {said}")
        listed = [line.split() for line in output.decode().splitlines()]
        earliest = since.timestamp() if since else None
        kept = [sha for stamp, sha in listed if earliest is None or int(stamp) >= earliest]
        return kept[:maximum][::-1]

    def iter_commits(
        self,
        *,
        branch: str | None = None,
        since: datetime | None = None,
        maximum: int | None = None,
    ) -> Iterator[Commit]:
        """Yield the commits that `commit_ids` lists, oldest first."""
        return (
            self.commit(sha) for sha in self.commit_ids(branch=branch, since=since, maximum=maximum)
        )

    def commit(self, sha: str) -> Commit:
        """Return a commit by its id.

        Raises:
            NotFound: this clone holds no such commit.
            GitError: the commit is malformed beyond what can be stated.
        """
        raw = self._objects.read(f"{sha}^{{commit}}")
        if raw is None:
            raise NotFound(f"{self.git_dir} holds no commit {sha}.")
        commit = parse_commit(sha, raw)
        if commit.parents and self._objects.info(commit.parents[0]) is None:
            commit = replace(commit, missing_parent=commit.parents[0])
        return commit

    def change_set(self, commit: Commit) -> ChangeSet:
        """Return what the commit changed against its first parent.

        Renames are found at 50% similarity; with more than 1,000 candidates on a side git looks for exact
        ones alone, and the others are an addition and a deletion.

        Raises:
            CannotEvaluate: the parent is not in this clone, so what changed is unknown.
        """
        if commit.missing_parent:
            raise CannotEvaluate(
                f"What changed is unknown: the parent {commit.missing_parent[:12]} is not in this shallow"
                " clone ('git fetch --unshallow' brings it)."
            )
        files = (
            ChangedFile(entry.old, entry.new, entry.additions, entry.deletions, commit, self)
            for entry in self._entries(commit)
        )
        return ChangeSet(commit, tuple(files))

    def _entries(self, commit: Commit) -> list[Entry]:
        if self._listed[0] != commit.sha:
            raw = self._diffs.raw(commit.sha, commit.parents[0] if commit.parents else None)
            self._listed = (commit.sha, parse_raw(raw, self))
        return self._listed[1]

    def file_at(self, revision: str, path: str) -> bytes | None:
        """Return the content of a file of a commit's tree; None where the tree has no such file."""
        found = self._objects.info(f"{revision}:{path}")
        return self._objects.read(found[0]) if found and found[1] == "blob" else None

    def size(self, oid: str) -> int:
        """Return the size of a content in bytes."""
        found = self._objects.info(oid)
        if found is None:
            raise CannotEvaluate(
                f"The content {oid[:12]} is not in this clone, so its size is unknown."
            )
        return found[2]

    def is_binary(self, oid: str) -> bool:
        """Say whether a NUL is among the first 8,000 bytes."""
        if oid in self._remembered:
            return b"\x00" in self._remembered[oid][:SNIFFED_BYTES]
        if self.size(oid) <= MAX_BYTES:
            return b"\x00" in self.read(oid, oid)[:SNIFFED_BYTES]
        return b"\x00" in (self._objects.read_start(oid, SNIFFED_BYTES) or b"")

    def read(self, oid: str, path: str) -> bytes:
        """Return a content; the most recent ones stay in memory, 32 MiB at most."""
        if oid in self._remembered:
            self._remembered.move_to_end(oid)
            return self._remembered[oid]
        size = self.size(oid)
        if size > MAX_BYTES:
            raise CannotEvaluate(
                f"{path!r} has {size:,} bytes; contents of more than {MAX_BYTES:,} bytes are not read."
            )
        content = self._objects.read(oid)
        if content is None:
            raise CannotEvaluate(f"The content of {path!r} is not in this clone.")
        self._remembered[oid] = content
        self._remembered_bytes += size
        while self._remembered_bytes > _REMEMBERED_BYTES:
            self._remembered_bytes -= len(self._remembered.popitem(last=False)[1])
        return content

    def hunks(self, commit: Commit) -> dict[str, list[range]]:
        """Return the added lines of modified and renamed files, by the new path."""
        if self._hunks[0] != commit.sha:
            self._hunks = (commit.sha, self._read_hunks(commit))
        return self._hunks[1]

    def _read_hunks(self, commit: Commit) -> dict[str, list[range]]:
        paths = [
            entry.new.path for entry in self._entries(commit) if entry.is_in_patch and entry.new
        ]
        found: list[list[range]] = []
        for line in self._diffs.patch(commit.sha, commit.parents[0] if commit.parents else None):
            if line.startswith(b"diff --git "):
                found.append([])
            elif (hunk := _HUNK.match(line)) and (length := int(hunk[2] or 1)):
                found[-1].append(range(int(hunk[1]), int(hunk[1]) + length))
        if len(found) != len(paths):
            raise GitError(
                f"git's patch of {commit.sha} has {len(found)} files, its list has {len(paths)}."
            )
        return dict(zip(paths, found, strict=True))


def _refuse_partial_clone(git_dir: Path) -> None:
    wanted = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$"
    _, output, _ = run(command(git_dir, ["config", "--get-regexp", wanted]), cwd=git_dir)
    if output.strip():
        raise InvalidInput(
            f"{git_dir} is a partial clone, which lacks contents that the verdicts depend on;"
            " make a full clone of it."
        )
