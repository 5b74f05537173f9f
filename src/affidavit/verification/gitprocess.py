"""How the `git` program is run: it reads objects, and nothing of the repository is ever executed.

Hooks, file-system monitors, external diffs, text conversions, replacement objects, attributes and lazy
fetches are off; no `GIT_*` variable of the caller gets through; nothing passes through a shell; a name
that somebody else chose reaches git on its standard input, never as an argument.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from affidavit.kit.errors import AffidavitError, NotSetUp
from affidavit.verification.changes import MAX_BYTES

_CHUNK = 1 << 16

_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "attr.tree=4b825dc642cb6eb9a060e54bf8d69288fbee4904",  # the empty tree; known since git 2.43
    "core.useReplaceRefs=false",
    "core.commitGraph=false",
    "core.quotePath=false",
    "diff.external=",
    "diff.orderFile=/dev/null",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    f"core.bigFileThreshold={MAX_BYTES}",
)


class GitError(AffidavitError):
    """The repository can't be read; the message holds what git said."""

    code = "git"


def environment() -> dict[str, str]:
    """Return the environment for git: the caller's without `GIT_*`, in the C locale, without prompts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    kept.pop("LANGUAGE", None)
    return kept | {
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_GRAFT_FILE": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_PAGER": "cat",
        # With --bare: attributes of a work tree or an index can't hide a file from the diff.
        "GIT_INDEX_FILE": "/nonexistent/index",
    }


def command(git_dir: Path, arguments: Sequence[str]) -> list[str]:
    """Return the argument vector of one git call on the repository at `git_dir`."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return ["git", f"--git-dir={git_dir}", "--bare", "--no-pager", *settings, *arguments]


def run(
    argv: Sequence[str], *, cwd: Path, extra: dict[str, str] | None = None
) -> tuple[int, bytes, str]:
    """Run to the end and return exit code, output, and what git said on standard error.

    Raises:
        NotSetUp: there is no git program.
    """
    try:
        done = subprocess.run(
            argv,
            check=False,
            cwd=cwd,
            env=environment() | (extra or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except FileNotFoundError as error:
        raise NotSetUp(
            "The git program is not installed; install it (Debian: apt install git)."
        ) from error
    return done.returncode, done.stdout, done.stderr.decode(errors="replace").strip()


class Process:
    """A long-lived git process that answers line by line; starts when it is first asked."""

    def __init__(self, git_dir: Path, arguments: Sequence[str]) -> None:
        self._git_dir = git_dir
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

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
        """End the process; asking again starts a new one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
        if self._said is not None:
            self._said.close()
            self._said = None

    def ask(self, line: bytes) -> IO[bytes]:
        """Send one line and return the stream to read the answer from."""
        if b"\n" in line:
            raise GitError(f"git can't be asked about a name with a line break: {line!r}")
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line + b"\n")
            process.stdin.flush()
        except BrokenPipeError as error:
            raise self.failure() from error
        return process.stdout

    def failure(self) -> GitError:
        """Return the error for an answer that broke off; the process is ended."""
        said = ""
        if self._process is not None:
            self._process.wait()
        if self._said is not None:
            self._said.seek(0)
            said = self._said.read().decode(errors="replace").strip()
        self.close()
        return GitError(
            f"git stopped while reading {self._git_dir}: {said or 'it gave no reason'}."
            " Check the repository with 'git fsck --full'."
        )

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
            self._process = subprocess.Popen(
                command(self._git_dir, self._arguments),
                cwd=self._git_dir,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                bufsize=1 << 18,
            )
        return self._process


class Objects:
    """Reads objects by name over two long-lived `git cat-file` processes."""

    def __init__(self, git_dir: Path) -> None:
        self._sizes = Process(git_dir, ["cat-file", "--batch-check"])
        self._contents = Process(git_dir, ["cat-file", "--batch"])

    def close(self) -> None:
        """End the processes."""
        self._sizes.close()
        self._contents.close()

    def info(self, name: str) -> tuple[str, str, int] | None:
        """Return id, type and size in bytes of the object that `name` names; None where there is none."""
        return _header(self._sizes, self._sizes.ask(name.encode()), name)

    def read(self, name: str) -> bytes | None:
        """Return the whole content of an object; None where there is no such object."""
        stream = self._contents.ask(name.encode())
        header = _header(self._contents, stream, name)
        if header is None:
            return None
        content = stream.read(header[2] + 1)
        if len(content) != header[2] + 1:
            raise self._contents.failure()
        return content[:-1]

    def read_start(self, name: str, length: int) -> bytes | None:
        """Return the first `length` bytes of an object of any size, in constant memory."""
        stream = self._contents.ask(name.encode())
        header = _header(self._contents, stream, name)
        if header is None:
            return None
        start = stream.read(min(length, header[2]))
        left = header[2] + 1 - len(start)
        while left:
            chunk = stream.read(min(left, _CHUNK))
            if not chunk:
                raise self._contents.failure()
            left -= len(chunk)
        return start


def _header(process: Process, stream: IO[bytes], name: str) -> tuple[str, str, int] | None:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise process.failure()
    if line[:-1].endswith((b" missing", b" ambiguous")):
        return None
    words = line.split()
    if len(words) != 3:
        raise GitError(f"git gave an answer about {name!r} that makes no sense: {line[:200]!r}")
    return words[0].decode(), words[1].decode(), int(words[2])


_DIFF = (
    "diff-tree", "--stdin", "--root", "-r", "--no-commit-id",
    "-M50%", "-l1000", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--submodule=short",
    "--diff-algorithm=myers", "--indent-heuristic", "--no-relative", "--no-color", "--full-index",
)  # fmt: skip


class Diffs:
    """Compares commits with their first parents over long-lived `git diff-tree` processes.

    After each question an end mark is sent that git echoes as it is; it holds a random number, so that
    no content of a repository can imitate it.
    """

    def __init__(self, git_dir: Path) -> None:
        self._end = f"end of answer {secrets.token_hex(16)}".encode()
        self._raw = Process(git_dir, [*_DIFF, "-z", "--raw", "--abbrev=64", "--numstat"])
        # Without -z, so that a line break in a path is quoted and can't pass for a line of the patch.
        self._patch = Process(git_dir, [*_DIFF, "--patch", "--unified=0", "--inter-hunk-context=0",
                                        "--diff-filter=MR"])  # fmt: skip

    def close(self) -> None:
        """End the processes."""
        self._raw.close()
        self._patch.close()

    def raw(self, commit: str, parent: str | None) -> bytes:
        """Return `--raw --numstat -z` of the commit against `parent` (None: against nothing)."""
        return b"".join(self._answer(self._raw, commit, parent))

    def patch(self, commit: str, parent: str | None) -> Iterator[bytes]:
        """Yield the lines of the patch of modified and renamed files, without context."""
        return self._answer(self._patch, commit, parent)

    def _answer(self, process: Process, commit: str, parent: str | None) -> Iterator[bytes]:
        process.ask(f"{commit} {parent}".encode() if parent else commit.encode())
        stream = process.ask(self._end)
        while True:
            line = stream.readline()
            if line.endswith(self._end + b"\n"):
                yield line[: -len(self._end) - 1]
                return
            if not line:
                raise process.failure()
            yield line
