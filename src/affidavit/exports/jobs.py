"""Exports in the background: claimed by a lease, rendered to the home folder, resumed after a crash.

A worker takes a job by a conditional UPDATE whose row count says who won; it is correct on every database.
An export that a dead worker left is made again from its row when the lease has run out: the same request
gives the same bytes, so there is no half state to repair.
"""

from __future__ import annotations

import shutil
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import Q

from affidavit.exports.models import Export
from affidavit.exports.render import render_files
from affidavit.exports.request import ExportCancelled
from affidavit.exports.services import LEASE, export_fail, export_finish, request_of
from affidavit.exports.types import ExportStatus
from affidavit.kit.clock import now as clock_now
from affidavit.kit.errors import AffidavitError, Conflict

log = structlog.get_logger(__name__)
STEM = "affidavit-export"
_RENEW_SECONDS = 1.0
_IDLE_SECONDS = 15.0


def folder_of(export: Export) -> Path:
    """Return where a background export's finished files lie."""
    home: Path = settings.ENV.home
    return home / "exports" / export.export_id


def enqueue() -> None:
    """Wake this process's worker once the present transaction has committed."""
    transaction.on_commit(lambda: WORKER.wake())  # noqa: PLW0108 (found when it is called)


def claim(*, now: datetime) -> Export | None:
    """Take the oldest export that waits or whose worker died; None when there is none."""
    waiting = Q(status=ExportStatus.QUEUED) | Q(status=ExportStatus.RUNNING, lease_until__lt=now)
    for pk in (
        Export.objects.filter(waiting).order_by("requested_at").values_list("pk", flat=True)[:10]
    ):
        won = Export.objects.filter(waiting, pk=pk).update(
            status=ExportStatus.RUNNING, lease_until=now + LEASE, rows_done=0
        )
        if won:
            return Export.objects.select_related("organization", "actor").get(pk=pk)
    return None


class _Lease:
    """Renews a running export's lease and states its progress, about once a second; notices cancellation.

    It has a thread and so a connection of its own: a PDF is laid out for minutes without a word, and while
    PostgreSQL sends rows by COPY, the connection that they come over takes no other statement.
    """

    def __init__(self, export: Export) -> None:
        self.export = export
        self._rows = 0
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="export-lease", daemon=True)
        # Inside a transaction nobody else can see the export: nobody takes or cancels it.
        if not connection.in_atomic_block:
            self._thread.start()

    def __call__(self, rows: int) -> None:
        self._rows = rows
        if self._lost:
            raise ExportCancelled(f"The export {self.export.export_id} was cancelled.")

    def _renew(self) -> None:
        running = Export.objects.filter(pk=self.export.pk, status=ExportStatus.RUNNING)
        try:
            while not self._stop.wait(_RENEW_SECONDS):
                try:
                    self._lost = not running.update(
                        rows_done=self._rows, lease_until=clock_now() + LEASE
                    )
                except DatabaseError:
                    # The lease has a minute left; the next second tries again, over a new connection.
                    log.exception("lease not renewed", export_id=self.export.export_id)
                    connection.close()
        finally:
            connection.close()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()


def run(export: Export) -> None:
    """Render a claimed export and mark it ready; on failure say why and leave no file."""
    folder = folder_of(export)
    shutil.rmtree(folder, ignore_errors=True)
    reason = ""
    try:
        folder.mkdir(parents=True, mode=0o700)
        with closing(_Lease(export)) as lease:
            files = render_files(
                request_of(export=export), directory=folder, stem=STEM, progress=lease
            )
        export_finish(export=export, files=files, now=clock_now())
    except (ExportCancelled, Conflict):
        shutil.rmtree(folder, ignore_errors=True)
        _drop_reader()
    except (AffidavitError, OSError) as error:
        log.exception("export failed", export_id=export.export_id)
        reason = str(error)
    except Exception:
        log.exception("export failed", export_id=export.export_id)
        reason = "An unexpected error stopped it; the server's log says more."
    if reason:
        _drop_reader()
        _fail(export, folder, reason)


def _drop_reader() -> None:
    """Let go of the connection: a COPY that was given up midway would keep it busy for ever."""
    if not connection.in_atomic_block:
        connection.close()


def _fail(export: Export, folder: Path, reason: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        export_fail(export=export, reason=reason, now=clock_now())
    except Conflict:
        log.info("export had ended already", export_id=export.export_id)


class Worker:
    """One background thread in this process, started on the first need."""

    def __init__(self) -> None:
        self._wake = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Start the thread if it is not there, and let it look for work now."""
        with self._start:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._loop, name="exports", daemon=True)
                self._thread.start()
        self._wake.set()

    def _loop(self) -> None:
        while True:
            self._wake.wait(timeout=_IDLE_SECONDS)
            self._wake.clear()
            close_old_connections()
            try:
                while export := claim(now=clock_now()):
                    run(export)
            except Exception:
                # The next round tries again; a worker that is gone would leave every export waiting.
                log.exception("export worker stumbled")
            finally:
                connection.close()


WORKER = Worker()
