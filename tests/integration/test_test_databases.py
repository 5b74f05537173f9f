"""The test run's own ground: the right database, really migrated, and empty for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection

from affidavit.kit import clock
from affidavit.ledger.models import Entry
from tests.support.databases import triggers_disabled


@pytest.mark.django_db
def test_the_database_is_the_one_that_was_asked_for(pytestconfig: pytest.Config) -> None:
    assert connection.vendor == pytestconfig.getoption("--database")


@pytest.mark.django_db
def test_each_test_has_a_home_folder_of_its_own(tmp_path: Path) -> None:
    assert settings.ENV.home == tmp_path / "home"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_commits_the_next_does_not_find(turn: int) -> None:
    assert Session.objects.count() == 0
    Session.objects.create(session_key=f"turn-{turn}", session_data="", expire_date=clock.now())


@pytest.mark.django_db(transaction=True)
def test_the_triggers_are_back_after_a_test_that_set_them_aside() -> None:
    def triggers_that_act() -> int:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT current_setting('session_replication_role') = 'origin'")
            else:
                cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'")
            return int(cursor.fetchone()[0])

    before = triggers_that_act()
    with triggers_disabled():
        assert triggers_that_act() == 0
        Entry.objects.all().delete()
    assert before == triggers_that_act() > 0
