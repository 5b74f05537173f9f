"""Real git repositories for tests, made with the git program; nothing of the machine's own settings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

START = 1_700_000_000  # 2023-11-14T22:13:20Z; every commit is an hour after the one before


class GitRepo:
    """A repository with a work tree under `path`."""

    def __init__(self, path: Path) -> None:
        """Make an empty repository with the branch `main`."""
        self.path = path
        self.commits = 0
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run git and return what it printed; a failure raises with git's own words."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self._environment(),
            input=stdin,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(
                f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
            )
        return done.stdout.decode(errors="backslashreplace").strip()

    def write(self, path: str | bytes, content: str | bytes) -> None:
        """Write a file of the work tree, with its folders."""
        target = self.path / os.fsdecode(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def remove(self, path: str) -> None:
        """Delete a file of the work tree."""
        (self.path / path).unlink()

    def commit(self, message: str | bytes = "A change", **files: str | bytes) -> str:
        """Write `files` (`a__py` stands for `a.py`), commit everything and return the commit's id."""
        for name, content in files.items():
            self.write(name.replace("__", "."), content)
        self.git("add", "-A", "-f")
        raw = message.encode() if isinstance(message, str) else message
        self.git(
            "commit",
            "-q",
            "--allow-empty",
            "--allow-empty-message",
            "--cleanup=verbatim",
            "-F",
            "-",
            stdin=raw,
        )
        self.commits += 1
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, message: str = "Merge it") -> str:
        """Merge a branch with a merge commit and return its id."""
        self.git("merge", "-q", "--no-ff", "-m", message, branch)
        self.commits += 1
        return self.git("rev-parse", "HEAD")

    def _environment(self) -> dict[str, str]:
        stamp = f"{START + 3600 * self.commits} +0200"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return kept | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada Author",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Carl Committer",
            "GIT_COMMITTER_EMAIL": "carl@example.org",
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
            "LC_ALL": "C",
        }
