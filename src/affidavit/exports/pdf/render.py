"""The PDF of an export, for handing to an auditor: manifest, summary, records by type, integrity.

Pure: plain data in, files out; no database, no network, no clock. The same input gives the same bytes.
"""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import orjson

from affidavit.exports.pdf.shapes import ordered
from affidavit.exports.pdf.spool import Records, Volume, spool
from affidavit.exports.pdf.summary import Summary
from affidavit.exports.pdf.volumes import MANIFEST_NAME, volume_data
from affidavit.kit.errors import AffidavitError

WORKERS = 2  # volumes made at once; each takes up to 200 MB while it is made
_TEMPLATE = Path(__file__).parent / "template"


class ReportFailed(AffidavitError):
    """The PDF could not be made; no file is left."""

    code = "report_failed"


def render(
    *,
    manifest: Mapping[str, Any],
    summary: Summary,
    records: Records,
    directory: Path,
    stem: str,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the report to `directory`: `stem.pdf`, or `stem-001.pdf`, `stem-002.pdf`, ... when it is large.

    `records(record_type)` gives the bodies of that type's records in seq order, as the ledger stores them:
    blocks of one or several whole lines. It is called once for each type of `manifest["rows"]["matching"]`.
    `progress(done, total)` counts records laid out.

    Memory is bounded by the size of a volume (spool.VOLUME_WEIGHT), disk by the records' own size.

    Raises:
        ReportFailed: the records given are not as many as the manifest says match, or a volume could not
            be made. No file of the report is left then.
    """
    with tempfile.TemporaryDirectory(prefix=f".{stem}-", dir=directory) as temporary:
        work = Path(temporary)
        names = ordered(manifest["rows"]["matching"])
        volumes = spool(records, names, directory=work)
        complete = _completed(manifest, volumes)
        for index in range(len(volumes)):
            _prepare(complete, summary, volumes, index)
        made = _make_all(volumes, progress)
        width = max(3, len(str(len(made))))
        targets = [
            directory / (f"{stem}.pdf" if len(made) == 1 else f"{stem}-{number:0{width}d}.pdf")
            for number in range(1, len(made) + 1)
        ]
        for source in made:
            _sync(source)
        for source, target in zip(made, targets, strict=True):
            source.replace(target)
    return targets


def _completed(manifest: Mapping[str, Any], volumes: Sequence[Volume]) -> dict[str, Any]:
    """Return the manifest with what was really spooled; refuse a report that would lack records."""
    exported: dict[str, int] = {}
    for volume in volumes:
        for section in volume.sections:
            exported[section.record_type] = exported.get(section.record_type, 0) + section.count
    matching = {name: count for name, count in manifest["rows"]["matching"].items() if count}
    if exported != matching:
        raise ReportFailed(
            f"The report is void: {matching} match, but {exported} were read from the ledger. Try again."
        )
    complete = copy.deepcopy(dict(manifest))
    complete["rows"]["exported"] = dict(sorted(exported.items()))
    complete["rows"]["total_exported"] = sum(exported.values())
    return complete


def _prepare(
    manifest: dict[str, Any], summary: Summary, volumes: Sequence[Volume], index: int
) -> None:
    folder = volumes[index].path.parent
    data = volume_data(manifest=manifest, summary=summary, volumes=volumes, index=index)
    (folder / "volume.json").write_bytes(orjson.dumps(data, default=list))
    pretty = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    (folder / MANIFEST_NAME).write_bytes(orjson.dumps(manifest, option=pretty))
    for template in sorted(_TEMPLATE.glob("*.typ")):
        shutil.copyfile(template, folder / template.name)


def _make_all(volumes: Sequence[Volume], progress: Callable[[int, int], None] | None) -> list[Path]:
    total, done = sum(volume.count for volume in volumes), 0
    running: list[subprocess.Popen[bytes]] = []
    with ThreadPoolExecutor(min(WORKERS, len(volumes))) as pool:
        futures = {pool.submit(_make, volume, len(volumes), running): volume for volume in volumes}
        try:
            for future in as_completed(futures):
                future.result()
                done += futures[future].count
                if progress is not None:
                    progress(done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in tuple(running):  # each thread takes its own out
                process.kill()
            raise
    return [_output(volume) for volume in volumes]


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _output(volume: Volume) -> Path:
    return volume.path.parent / "volume.pdf"


def _make(volume: Volume, of: int, running: list[subprocess.Popen[bytes]]) -> None:
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    environment["MALLOC_ARENA_MAX"] = "1"  # a tenth less time and memory, measured
    if of > 1:
        environment["RAYON_NUM_THREADS"] = "1"  # the volumes themselves are what runs in parallel
    folder = volume.path.parent
    command = [
        sys.executable,
        "-m",
        "affidavit.exports.pdf.worker",
        str(folder),
        str(_output(volume)),
    ]
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        running.append(process)
        try:
            errors = process.communicate()[1]
        finally:
            running.remove(process)
    if process.returncode:
        reason = errors.decode(errors="replace").strip().splitlines()
        raise ReportFailed(
            f"Volume {folder.name} of the PDF could not be made"
            f" (exit code {process.returncode}): {reason[-1] if reason else 'no reason given'}"
        )
