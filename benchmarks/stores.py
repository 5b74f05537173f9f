"""The installations that are measured: on SQLite kept between runs, on PostgreSQL made anew."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import measure
from benchmarks.children import PEER

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "var" / "bench"
# What decides the stored bytes: when one of these files changes, an installation is made anew.
DECIDING = (
    "benchmarks/generate.py",
    "src/affidavit/records",
    "src/affidavit/ledger",
    "src/affidavit/proof/canonical.py",
    "src/affidavit/proof/query.py",
)


@dataclass(frozen=True, kw_only=True)
class Store:
    """One filled installation."""

    kind: str
    rows: int
    home: Path
    database_url: str = ""
    append_rate: float | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The SQLite database."""
        return self.home / "affidavit.sqlite3"


def make(*, kind: str, rows: int, database_url: str = "", fresh: bool = False) -> Store:
    """Return an installation with about `rows` records and the peer's flat table."""
    home = FOLDER / f"{kind}-{rows}"
    stamp = home / "complete"
    environment = {"AFFIDAVIT_HOME": str(home), "AFFIDAVIT_DATABASE_URL": database_url}
    digest = _digest()
    if kind == "sqlite" and not fresh and stamp.exists() and stamp.read_text() == digest:
        return Store(kind=kind, rows=rows, home=home, environment=environment)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    print(f"generating {rows:,} records on {kind}", flush=True)
    done = subprocess.run(
        [sys.executable, "-u", "-m", "benchmarks.generate", "--rows", str(rows)],
        env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    rate = float(done.stdout.strip().split("\n")[-1].split()[2].replace(",", ""))
    store = Store(
        kind=kind,
        rows=rows,
        home=home,
        database_url=database_url,
        append_rate=rate,
        environment=environment,
    )
    _add_peer(store)
    stamp.write_text(digest)
    return store


def _digest() -> str:
    total = hashlib.sha256()
    for name in DECIDING:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            total.update(file.read_bytes())
    return total.hexdigest()


def _add_peer(store: Store) -> None:
    """Give the peers a flat table with the columns of our CSV, loaded from our CSV."""
    table = store.home / "peer.csv"
    measure.child("ours", "csv", table, environment=store.environment)
    with table.open() as file:
        names = file.readline().strip().split(",")
    columns = ", ".join(f'"{name}" {_sql_type(name, store.kind)}' for name in names)
    create = f"CREATE TABLE {PEER} ({columns})"
    if store.kind == "sqlite":
        script = f"{create};\n.mode csv\n.import --skip 1 '{table}' {PEER}\n"
        subprocess.run(["sqlite3", str(store.file)], input=script, text=True, check=True)
    else:
        load = f"\\copy {PEER} FROM '{table}' CSV HEADER"
        for command in (create, load, f"VACUUM ANALYZE {PEER}", "VACUUM ANALYZE"):
            psql(store, command)
    table.unlink()


def _sql_type(name: str, kind: str) -> str:
    from affidavit.records.columns import BOOLEANS, INTEGERS

    if name == "seq":
        return "bigint PRIMARY KEY" if kind == "postgresql" else "integer PRIMARY KEY"
    if name in INTEGERS:
        return "bigint"
    if kind == "postgresql" and name in BOOLEANS:
        return "boolean"
    if kind == "postgresql" and name.endswith("_at"):
        return "timestamptz"
    return "text"


def psql(store: Store, command: str) -> None:
    """Run one command by psql."""
    subprocess.run(psql_command(store, command), check=True, stdout=subprocess.DEVNULL)


def psql_command(store: Store, command: str) -> list[str]:
    """Return how psql is called."""
    return [
        "psql",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        store.database_url,
        "-c",
        command,
    ]
