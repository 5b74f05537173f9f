"""The test run's own machine: a home folder, a database of the kind asked for, and what is missing.

`--database sqlite` (the default) or `--database postgresql` picks the database of every test that
uses one; `make test` runs both. A program that is not there leaves its tests out, and the end of
the run says which and why; with AFFIDAVIT_TESTS_STRICT=1 (as in CI) that is an error instead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import hypothesis
import pytest

from tests.support import postgres

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

# Before Django is imported: settings read the environment once.
_IN_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not _IN_WORKER:
    for name in [name for name in os.environ if name.startswith("AFFIDAVIT_")]:
        if name != "AFFIDAVIT_TESTS_STRICT":
            del os.environ[name]  # the developer's own installation is never touched
    os.environ["AFFIDAVIT_HOME"] = tempfile.mkdtemp(prefix="affidavit-test-")
HOME = Path(os.environ["AFFIDAVIT_HOME"])
# Playwright's loop runs in the test's own thread; the ORM is used beside it, never inside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A shared machine is no stop-watch; a failing example is printed so that anybody can repeat it.
hypothesis.settings.register_profile("affidavit", deadline=None, print_blob=True)
hypothesis.settings.load_profile("affidavit")

_HOUSE = pytest.StashKey[dict[str, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("affidavit")
    group.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="database of every test that uses one",
    )
    group.addoption("--heavy", action="store_true", help="run the tests marked heavy, too")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[_HOUSE] = {"server": None, "left_out": {}}
    if not _IN_WORKER and config.getoption("--database") == "postgresql":
        try:
            server = postgres.start()
        except postgres.PostgresUnavailableError as error:
            raise pytest.UsageError(f"The tests on PostgreSQL can't run here: {error}") from error
        config.add_cleanup(server.stop)
        config.stash[_HOUSE]["server"] = server
        os.environ["AFFIDAVIT_DATABASE_URL"] = server.url
    # Here and not by an option in pyproject.toml, which would have the settings read before the
    # server is up whose address they hold.
    os.environ["DJANGO_SETTINGS_MODULE"] = "affidavit.config.settings"
    django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not _IN_WORKER:
        shutil.rmtree(HOME, ignore_errors=True)


def _missing_for(item: pytest.Item) -> str | None:
    """Say what this machine lacks for `item`, or None when it has everything."""
    if item.get_closest_marker("browser"):
        from tests.support import browser

        if browser.missing():
            return browser.missing()
    for marker in item.iter_markers("program"):
        if shutil.which(marker.args[0]) is None:
            return f"no {marker.args[0]}: install Debian's package {marker.args[1]}"
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept: list[pytest.Item] = []
    elsewhere: list[pytest.Item] = []
    left_out: dict[str, int] = config.stash[_HOUSE]["left_out"]
    for item in items:
        if "browser" in item.path.relative_to(Path(__file__).parent).parts:
            item.add_marker("browser")
        if item.get_closest_marker("heavy") and not config.getoption("--heavy"):
            reason = "heavy: `make test-all` runs them"
        elif (
            item.get_closest_marker("postgresql") and config.getoption("--database") != "postgresql"
        ):
            reason = "for PostgreSQL alone: the run with `--database postgresql` has them"
        else:
            missing = _missing_for(item)
            if missing is None:
                kept.append(item)
                continue
            if os.environ.get("AFFIDAVIT_TESTS_STRICT") == "1":
                raise pytest.UsageError(f"{item.nodeid} can't run here, {missing}")
            reason = missing
        left_out[reason] = left_out.get(reason, 0) + 1
        elsewhere.append(item)
    items[:] = kept
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)


def pytest_sessionfinish(session: pytest.Session) -> None:
    # A worker's finding has to travel to the process that prints.
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash[_HOUSE]["left_out"]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    left_out = getattr(node, "workeroutput", {}).get("left_out", {})
    node.config.stash[_HOUSE]["left_out"].update(left_out)  # every worker collects the same tests


def pytest_report_header(config: pytest.Config) -> str:
    server = config.stash[_HOUSE]["server"]
    where = f", programs of {postgres.programs()}" if server else ""
    return f"database: {config.getoption('--database')}{where}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    left_out = config.stash[_HOUSE]["left_out"]
    if left_out:
        terminalreporter.section("tests left out of this run")
        for reason, count in sorted(left_out.items()):
            terminalreporter.line(f"{count:5}  {reason}")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Put SQLite's test database into a file: WAL and several connections are what is tested."""
    from django.conf import settings

    from tests.support.databases import teach_django_to_flush

    teach_django_to_flush()
    database = settings.DATABASES["default"]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(HOME / f"test-{worker}.sqlite3")
    else:
        # A connection kept open by a server's thread would stop the database from being dropped.
        database["CONN_MAX_AGE"] = 0


@pytest.fixture
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home folder of its own: keys, high-water marks, evidence, exports.

    Each test's ledger begins anew, and a home that outlived it would rightly be taken for the
    sign of a restored old backup.
    """
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setattr(settings.ENV, "home", folder)
    monkeypatch.setenv("AFFIDAVIT_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _own_home(request: pytest.FixtureRequest) -> None:
    """Every test that touches the database has its own home, whether it asks for one or not."""
    fixtures = set(request.fixturenames)
    uses_database = fixtures & {"db", "transactional_db", "site"}
    if uses_database or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("home")
