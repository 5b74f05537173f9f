"""Run a command alone and say how long it took and how much memory it had at its peak."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured run. `peak_mb` is that of the process and of every process that it started."""

    seconds: float
    rows: int
    peak_mb: float
    first_byte: float | None = None

    @property
    def rows_a_second(self) -> float:
        """Rows divided by seconds."""
        return self.rows / self.seconds


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    rows: int = 0,
    output: Path | None = None,
) -> Figure:
    """Run `command`, its output into `output` where one is named.

    A command of benchmarks.children tells its own figures by its last line; of another program
    the whole run is timed. Raises CalledProcessError, with what it wrote to standard error shown.
    """
    with tempfile.TemporaryFile() as captured:
        stream: IO[bytes] = output.open("wb") if output else captured
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=stream, stdin=subprocess.DEVNULL
        )
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        peak = max(watch.stop(), usage.ru_maxrss / 1024)
        process.returncode = os.waitstatus_to_exitcode(status)
        if output:
            stream.close()
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, list(command))
        captured.seek(0)
        last = captured.read().decode().strip().split("\n")[-1]
    if last.startswith("{"):
        own = json.loads(last)
        return Figure(
            seconds=own["seconds"], rows=own["rows"], first_byte=own["first_byte"], peak_mb=peak
        )
    return Figure(seconds=seconds, rows=rows, peak_mb=peak)


def child(who: str, format: str, target: Path, *, environment: Mapping[str, str]) -> Figure:
    """Run one of benchmarks.children."""
    command = [sys.executable, "-m", "benchmarks.children", who, format, str(target)]
    return run(command, environment=environment)


def rounds(contenders: Mapping[str, Callable[[], Figure]], times: int) -> dict[str, list[Figure]]:
    """Run every contender in turn, `times` times over: machines drift, so only neighbours compare."""
    results: dict[str, list[Figure]] = {name: [] for name in contenders}
    for _ in range(times):
        for name, contend in contenders.items():
            results[name].append(contend())
    return results


def median_ratio(mine: list[Figure], theirs: list[Figure]) -> float:
    """Return the median, over the rounds, of how many times as fast `mine` was."""
    return statistics.median(
        a.rows_a_second / b.rows_a_second for a, b in zip(mine, theirs, strict=True)
    )


class _Watch:
    """Samples the memory of a process and its descendants (Linux), for work done in a pool."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Return the peak in MB."""
        self._over.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._over.wait(0.1):
            family = _family(self._pid)
            if len(family) > 1:  # of a single process the kernel itself knows the peak
                self._peak = max(self._peak, sum(_resident_mb(pid) for pid in family))


def _family(root: int) -> list[int]:
    """Return a process and its descendants, as the kernel lists them below each thread."""
    family = [root]
    for pid in family:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                family.extend(int(child) for child in children.read_text().split())
            except OSError:
                continue
    return family


def _resident_mb(pid: int) -> float:
    """Return the resident memory that this process does not share, and its part of what it does."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
