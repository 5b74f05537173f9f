"""Charts: whole numbers on the axis, nothing left out, no inline style, safe text."""

from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.web.charts import SERIES, bars_of, horizontal_bars, stacked_bars

FIRST = date(2026, 1, 1)


def days(count: int, each: int = 1) -> list[tuple[date, dict[str, int]]]:
    return [(FIRST + timedelta(days=n), dict.fromkeys(SERIES, each)) for n in range(count)]


@pytest.mark.parametrize(
    ("count", "unit"),
    [(0, "day"), (1, "day"), (93, "day"), (94, "week"), (651, "week"), (652, "month")],
)
def test_many_days_are_added_up_to_weeks_and_months(count: int, unit: str) -> None:
    assert bars_of(days(count))[0] == unit


@given(st.integers(min_value=0, max_value=3000))
def test_no_day_is_left_out_or_counted_twice(count: int) -> None:
    _, bars = bars_of(days(count))
    assert sum(bar.total for bar in bars) == count * len(SERIES)
    covered = [
        bar.first + timedelta(days=n) for bar in bars for n in range((bar.until - bar.first).days)
    ]
    assert covered == [day for day, _ in days(count)]


@given(st.lists(st.integers(min_value=0, max_value=10**7), max_size=40))
def test_a_chart_is_well_formed_and_every_bar_stays_inside(counts: list[int]) -> None:
    figures = [
        (FIRST + timedelta(days=n), {"pass": count, "fail": count // 2})
        for n, count in enumerate(counts)
    ]
    svg = stacked_bars(bars_of(figures)[1], label='Verdicts <by> day & "status"')
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    assert root.get("aria-label") == 'Verdicts <by> day & "status"'
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(rect.get("y", "0")) >= 0
        assert float(rect.get("height", "0")) > 0
    assert "style=" not in svg


def test_names_of_bars_are_escaped() -> None:
    svg = horizontal_bars([("<script>", 3), ("none", 0)], label="Waivers")
    assert "<script>" not in svg
    assert "&lt;script&gt;" in svg
