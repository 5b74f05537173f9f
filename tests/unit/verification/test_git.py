"""History and change sets are read from git's objects, whatever the repository holds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affidavit.kit.errors import InvalidInput, NotFound
from affidavit.verification.changes import MAX_BYTES, CannotEvaluate, Change, ChangedFile, FileKind
from affidavit.verification.git import Repository
from affidavit.verification.gitprocess import GitError
from tests.support.gitrepo import START, GitRepo

FIRST = datetime.fromtimestamp(START, UTC)


@pytest.fixture
def made(tmp_path: Path) -> GitRepo:
    return GitRepo(tmp_path / "made")


@pytest.fixture
def opened(made: GitRepo) -> Iterator[Repository]:
    with Repository.open(made.path) as repository:
        yield repository


def files_of(repository: Repository, sha: str) -> dict[str, ChangedFile]:
    return {file.path: file for file in repository.change_set(repository.commit(sha)).files}


def test_a_commit_is_read_with_its_people_times_subject_and_body(
    made: GitRepo, opened: Repository
) -> None:
    first = made.commit("Begin", a__txt="1\n")
    second = made.commit("Wrapped\nsubject\n\nBody one.\n\nBody two.\n", a__txt="2\n")
    commit = opened.commit(second)
    assert (commit.sha, commit.parents) == (second, (first,))
    assert (commit.author, commit.committer) == ("Ada Author", "Carl Committer")
    assert commit.authored_at == commit.committed_at == FIRST + timedelta(hours=1)
    assert (commit.subject, commit.body, commit.notes) == (
        "Wrapped subject",
        "Body one.\n\nBody two.",
        (),
    )


def test_history_is_first_parent_and_oldest_first(made: GitRepo, opened: Repository) -> None:
    first = made.commit("1", a__txt="1\n")
    made.git("switch", "-q", "-c", "side")
    made.commit("on the side", b__txt="1\n")
    made.git("switch", "-q", "main")
    third = made.commit("3", a__txt="2\n")
    merged = made.merge("side")
    assert [commit.sha for commit in opened.iter_commits()] == [first, third, merged]
    assert list(files_of(opened, merged)) == ["b.txt"], (
        "a merge is what it brought to its first parent"
    )


def test_since_and_maximum_keep_the_newest(made: GitRepo, opened: Repository) -> None:
    shas = [made.commit(str(number)) for number in range(5)]
    assert opened.commit_ids(maximum=2) == shas[3:]
    assert opened.commit_ids(since=FIRST + timedelta(hours=3)) == shas[3:]
    assert opened.commit_ids(since=FIRST + timedelta(hours=1), maximum=3) == shas[2:]
    assert opened.commit_ids(maximum=0) == []
    with pytest.raises(InvalidInput):
        opened.commit_ids(maximum=-1)


def test_a_branch_a_tag_and_a_revision_can_be_named(made: GitRepo, opened: Repository) -> None:
    first = made.commit("1")
    made.git("tag", "v1")
    made.git("branch", "old")
    tip = made.commit("2")
    assert opened.resolve() == tip
    assert opened.resolve("main") == tip
    assert opened.resolve("old") == opened.resolve("v1") == opened.resolve(first[:12]) == first
    assert opened.head_branch() == "main"
    made.git("checkout", "-q", "--detach")
    assert opened.head_branch() is None


@pytest.mark.parametrize("name", ["nope", "--all", "-n1", "main missing"])
def test_an_unknown_branch_is_named_in_the_error(
    made: GitRepo, opened: Repository, name: str
) -> None:
    made.commit("1")
    with pytest.raises(NotFound, match=name):
        opened.resolve(name)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\udcff"])
def test_what_is_no_branch_name_is_refused(made: GitRepo, opened: Repository, name: str) -> None:
    made.commit("1")
    with pytest.raises(InvalidInput):
        opened.resolve(name)


def test_what_is_no_repository_says_so(tmp_path: Path, made: GitRepo, opened: Repository) -> None:
    (tmp_path / "plain").mkdir()
    (made.path / "inside").mkdir()
    with pytest.raises(NotFound, match="no folder"):
        Repository.open(tmp_path / "absent")
    with pytest.raises(InvalidInput, match="not a git repository"):
        Repository.open(tmp_path / "plain")
    with pytest.raises(InvalidInput, match="not a git repository"):
        Repository.open(made.path / "inside")
    with pytest.raises(InvalidInput, match="no commit"):
        opened.commit_ids()


def test_a_bare_repository_and_a_linked_work_tree_can_be_read(
    tmp_path: Path, made: GitRepo
) -> None:
    sha = made.commit("1", a__txt="1\n")
    made.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    made.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "linked")
    for path in (tmp_path / "bare.git", tmp_path / "linked"):
        with Repository.open(path) as repository:
            assert repository.commit_ids() == [sha]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to somebody else")
def test_a_repository_of_another_user_can_be_read(made: GitRepo) -> None:
    sha = made.commit("1", a__txt="1\n")
    for folder, _, names in os.walk(made.path):
        for name in ("", *names):
            os.chown(Path(folder) / name, 12345, 12345)
    with Repository.open(made.path) as repository:
        assert repository.commit_ids() == [sha]
        assert list(files_of(repository, sha)) == ["a.txt"]


def test_a_partial_clone_is_refused_because_contents_are_missing(
    tmp_path: Path, made: GitRepo
) -> None:
    made.commit("1", a__txt="1\n")
    made.git("config", "uploadpack.allowFilter", "true")
    made.git(
        "clone", "-q", "--bare", "--filter=blob:none", f"file://{made.path}", str(tmp_path / "part")
    )
    with pytest.raises(InvalidInput, match="partial clone"):
        Repository.open(tmp_path / "part")


def test_the_cut_of_a_shallow_clone_is_unknown_not_an_addition_of_everything(
    tmp_path: Path, made: GitRepo
) -> None:
    for number in range(4):
        made.commit(str(number), a__txt=f"{number}\n")
    made.git("clone", "-q", "--depth=2", f"file://{made.path}", str(tmp_path / "shallow"))
    with Repository.open(tmp_path / "shallow") as repository:
        cut, tip = repository.iter_commits()
        assert cut.missing_parent == cut.parents[0]
        with pytest.raises(CannotEvaluate, match="shallow"):
            repository.change_set(cut)
        assert list(files_of(repository, tip.sha)) == ["a.txt"]


def test_a_root_commit_adds_all_its_files(made: GitRepo, opened: Repository) -> None:
    found = files_of(opened, made.commit("1", a__txt="1\n2\n", b__txt="no newline"))
    assert found["a.txt"].touched == ((Change.ADDED, "a.txt"),)
    assert (found["a.txt"].additions, found["a.txt"].deletions) == (2, 0)
    assert found["a.txt"].added_lines() == [range(1, 3)]
    assert found["b.txt"].added_lines() == [range(1, 2)]


def test_added_lines_are_numbered_as_in_the_new_file(made: GitRepo, opened: Repository) -> None:
    lines = [f"line {number}\n" for number in range(1, 31)]
    made.commit("1", a__txt="".join(lines))
    lines[4] = "changed\n"
    lines[20:20] = ["@@ -1 +1 @@\n", "diff --git a/x b/x\n", "-- x\n"]
    del lines[10]
    file = files_of(opened, made.commit("2", a__txt="".join(lines)))["a.txt"]
    assert file.added_lines() == [range(5, 6), range(20, 23)]
    assert (file.additions, file.deletions) == (4, 2)
    assert file.touched == ((Change.MODIFIED, "a.txt"),)


def test_deleted_renamed_and_retyped_files_are_told_apart(
    made: GitRepo, opened: Repository
) -> None:
    body = "".join(f"{number}\n" for number in range(20))
    made.commit("1", gone__txt="x\n", old__txt=body, link__txt="target.txt\n", mode__sh="echo\n")
    made.remove("gone.txt")
    made.git("mv", "old.txt", "new.txt")
    made.write("new.txt", body + "more\n")
    made.remove("link.txt")
    (made.path / "link.txt").symlink_to("new.txt")
    (made.path / "mode.sh").chmod(0o755)
    found = files_of(opened, made.commit("2"))
    assert found["gone.txt"].touched == ((Change.DELETED, "gone.txt"),)
    assert found["gone.txt"].added_lines() == []
    assert found["new.txt"].touched == ((Change.DELETED, "old.txt"), (Change.ADDED, "new.txt"))
    assert found["new.txt"].added_lines() == [range(21, 22)]
    link = found["link.txt"]
    assert link.new is not None
    assert (link.new.kind, link.new.is_text, link.added_lines()) == (FileKind.SYMLINK, False, [])
    assert found["mode.sh"].added_lines() == []


def test_binary_files_count_no_lines(made: GitRepo, opened: Repository) -> None:
    file = files_of(opened, made.commit("1", a__bin=b"\x00\x01" * 100))["a.bin"]
    assert file.new is not None
    assert (file.additions, file.new.is_text, file.new.size, file.added_lines()) == (
        None,
        False,
        200,
        [],
    )


def test_attributes_of_the_repository_can_not_hide_a_file(
    made: GitRepo, opened: Repository
) -> None:
    made.commit("1", a__txt="1\n")
    made.write(".gitattributes", "*.txt -diff binary\n")
    made.write("sub/.gitattributes", "* diff=evil\n")
    file = files_of(opened, made.commit("2", a__txt="1\n2\n"))["a.txt"]
    assert (file.additions, file.added_lines()) == (1, [range(2, 3)])


def test_a_huge_file_is_stated_not_read(made: GitRepo, opened: Repository) -> None:
    line = b"0123456789abcde\n"
    made.commit("1", a__txt=line)
    file = files_of(opened, made.commit("2", a__txt=line * (MAX_BYTES // 16 + 1)))["a.txt"]
    assert file.new is not None
    assert file.additions is None
    assert file.new.is_text
    with pytest.raises(CannotEvaluate, match="are not read"):
        file.new.read()
    after = files_of(opened, made.commit("3", a__txt=line))["a.txt"]
    assert after.new is not None
    assert after.new.read() == line, "the reading goes on after the file that was left out"


def test_a_submodule_has_no_content(tmp_path: Path, made: GitRepo, opened: Repository) -> None:
    inner = GitRepo(tmp_path / "inner")
    old, new = inner.commit("1"), inner.commit("2")
    made.git("update-index", "--add", "--cacheinfo", f"160000,{old},lib")
    made.git("commit", "-q", "-m", "1")
    made.git("update-index", "--cacheinfo", f"160000,{new},lib")
    made.git("commit", "-q", "-m", "2")
    file = files_of(opened, made.git("rev-parse", "HEAD"))["lib"]
    assert file.new is not None
    assert (file.new.kind, file.new.size, file.new.is_text) == (FileKind.SUBMODULE, 0, False)
    assert file.added_lines() == []


def test_odd_paths_are_read_and_what_is_not_utf8_is_shown_as_bytes(
    made: GitRepo, opened: Repository
) -> None:
    odd = [
        "new\nline.txt",
        "tab\t.txt",
        ":colon.txt",
        'quo"te.txt',
        "ünï.txt",
        "nl\ndiff --git a/q b/q",
    ]
    for name in odd:
        made.write(name, "1\n")
    made.write(b"caf\xe9.txt", "1\n")
    assert set(files_of(opened, made.commit("1"))) == {*odd, "caf\\xe9.txt"}
    for name in odd:
        made.write(name, "1\n2\n")
    found = files_of(opened, made.commit("2"))
    assert {name: found[name].added_lines() for name in odd} == {
        name: [range(2, 3)] for name in odd
    }


def test_an_undecodable_message_is_replaced_and_the_replacement_is_stated(
    made: GitRepo, opened: Repository
) -> None:
    tree = made.git("mktree", stdin=b"").encode()
    people = b"\nauthor A <a@b> 1 +0000\ncommitter B <b@c> 2 +0000\n\n"
    commit = opened.commit(hand_made(made, b"tree " + tree + people + b"caf\xe9\n\nbody \xff\n"))
    assert (commit.subject, commit.body) == ("caf\ufffd", "body \ufffd")
    assert commit.notes == (
        "The message is not valid utf-8; what can't be read is shown as U+FFFD.",
    )


def test_a_message_in_a_declared_encoding_is_decoded(made: GitRepo, opened: Repository) -> None:
    made.git("config", "i18n.commitEncoding", "ISO-8859-1")
    commit = opened.commit(made.commit(b"caf\xe9"))
    assert (commit.subject, commit.notes) == ("café", ())


def hand_made(made: GitRepo, raw: bytes) -> str:
    return made.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)


def test_a_malformed_commit_is_read_with_notes(made: GitRepo, opened: Repository) -> None:
    tree = made.git("mktree", stdin=b"").encode()
    sha = hand_made(
        made,
        b"tree " + tree + b"\nauthor A <a@b> 99999999999999999 +0000\ncommitter no mail here\n"
        b"encoding klingon\n\nsub\x00ject\n",
    )
    commit = opened.commit(sha)
    assert commit.subject == "sub\ufffdject"
    assert commit.committer == "no mail here"
    assert commit.committed_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert len(commit.notes) >= 4


def test_an_empty_message_is_an_empty_subject(made: GitRepo, opened: Repository) -> None:
    commit = opened.commit(made.commit(""))
    assert (commit.subject, commit.body) == ("", "")


def test_a_signature_is_no_part_of_the_message(made: GitRepo, opened: Repository) -> None:
    tree = made.git("mktree", stdin=b"").encode()
    sha = hand_made(
        made,
        b"tree " + tree + b"\nauthor A <a@b> 1 +0000\ncommitter B <b@c> 2 +0000\n"
        b"gpgsig -----BEGIN PGP SIGNATURE-----\n parent of nothing\n author X <x@y> 5 +0000\n\nS\n",
    )
    commit = opened.commit(sha)
    assert (commit.author, commit.parents, commit.subject) == ("A", (), "S")


def test_a_file_of_a_tree_is_read(made: GitRepo, opened: Repository) -> None:
    sha = made.commit("1", a__txt="1\n")
    assert opened.file_at(sha, "a.txt") == b"1\n"
    assert opened.file_at(sha, "b.txt") is None
    assert opened.file_at(sha, "") is None


def test_no_program_of_the_repository_is_run(
    tmp_path: Path, made: GitRepo, opened: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    made.commit("1", a__txt="1\n")
    for hook in ("post-checkout", "reference-transaction", "fsmonitor"):
        (made.path / ".git" / "hooks" / hook).symlink_to(trap)
    programs = ("core.fsmonitor", "diff.external", "diff.evil.command", "diff.evil.textconv")
    for setting in (
        *programs,
        "core.pager",
        "core.sshCommand",
        "filter.evil.smudge",
        "filter.evil.clean",
    ):
        made.git("config", setting, str(trap))
    (made.path / ".git" / "info" / "attributes").write_text("* diff=evil filter=evil\n")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    sha = made.commit("2", a__txt="1\n2\n")
    if (tmp_path / "sprung").exists():
        (tmp_path / "sprung").unlink()  # making the commit runs the filter; reading must not
    assert files_of(opened, sha)["a.txt"].added_lines() == [range(2, 3)]
    assert opened.commit_ids()[-1] == sha
    assert not (tmp_path / "sprung").exists()


def test_replacement_objects_do_not_falsify_history(made: GitRepo, opened: Repository) -> None:
    made.commit("1", a__txt="1\n")
    real = made.commit("2", a__txt="2\n")
    fake = made.git("commit-tree", f"{real}^{{tree}}", "-m", "forged")
    made.git("replace", real, fake)
    assert opened.commit(real).subject == "2"
    assert len(opened.commit_ids()) == 2


def test_a_damaged_repository_is_an_error_that_holds_what_git_said(made: GitRepo) -> None:
    sha = made.commit("1", a__txt="1\n")
    made.commit("2", a__txt="2\n")
    oid = made.git("rev-parse", "HEAD:a.txt")
    damaged = made.path / ".git" / "objects" / oid[:2] / oid[2:]
    damaged.chmod(0o644)
    damaged.write_bytes(b"rubbish")
    with Repository.open(made.path) as repository:
        with pytest.raises(GitError, match="fsck"):
            files_of(repository, repository.resolve())
        assert list(files_of(repository, sha)) == ["a.txt"], (
            "a new process answers the next question"
        )


def test_processes_end_with_the_repository(made: GitRepo) -> None:
    sha = made.commit("1", a__txt="1\n")
    with Repository.open(made.path) as repository:
        files_of(repository, sha)
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "comm="],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "git" not in children.stdout.split()
