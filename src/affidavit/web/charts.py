"""Charts as SVG text: pure functions of figures, the same picture wherever they are used.

Colours are classes with a plain `fill` as fallback, patterns tell the statuses apart without colour,
and there is no style attribute, so a strict content security policy holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

WIDTH, HEIGHT = 720, 158
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 10, 26
_MAX_BARS = 93
_LEAST = 1.5  # height of the smallest count that is not zero

# Status -> (fallback colour, pattern strokes drawn over it), from the bottom of the stack upwards.
SERIES: dict[str, tuple[str, str]] = {
    "pass": ("#2f7d4f", ""),
    "warn": ("#a86a0b", '<circle cx="2" cy="2" r="1.1"/>'),
    "error": ("#7a4bb0", '<path d="M0 0L6 6M6 0L0 6"/>'),
    "fail": ("#b3372f", '<path d="M-1 1L1 -1M0 6L6 0M5 7L7 5"/>'),
}


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar's figures: the days [first, last], and the count of each status."""

    first: date
    last: date
    counts: Mapping[str, int]

    @property
    def label(self) -> str:
        """The bar's days in words."""
        if self.first == self.last:
            return f"{self.first:%d %b %Y}"
        return f"{self.first:%d %b %Y} to {self.last:%d %b %Y}"

    @property
    def until(self) -> date:
        """The first day after the bar."""
        return self.last + timedelta(days=1)

    @property
    def total(self) -> int:
        """All counts together."""
        return sum(self.counts.values())


def bars_of(days: Sequence[tuple[date, Mapping[str, int]]]) -> tuple[str, list[Bar]]:
    """Return (`day`, `week` or `month`, bars): days are added up until at most 93 bars remain.

    Weeks begin on Monday. The first and last bar end where the figures end. More than 93 months make
    more bars; nothing is left out.
    """
    if len(days) <= _MAX_BARS:
        return "day", [Bar(first=day, last=day, counts=counts) for day, counts in days]
    if len(days) <= _MAX_BARS * 7:
        return "week", _grouped(days, lambda day: day - timedelta(days=day.weekday()))
    return "month", _grouped(days, lambda day: day.replace(day=1))


def _grouped(days: Sequence[tuple[date, Mapping[str, int]]], start_of: object) -> list[Bar]:
    assert callable(start_of)
    groups: dict[date, list[tuple[date, Mapping[str, int]]]] = {}
    for day, counts in days:
        groups.setdefault(start_of(day), []).append((day, counts))
    return [
        Bar(
            first=members[0][0],
            last=members[-1][0],
            counts={name: sum(counts.get(name, 0) for _, counts in members) for name in SERIES},
        )
        for members in groups.values()
    ]


def stacked_bars(bars: Sequence[Bar], *, label: str) -> str:
    """Return the stacked bars of verdicts by status as one SVG element."""
    top, step = _scale(max((bar.total for bar in bars), default=0))
    plot = HEIGHT - _TOP - _BOTTOM
    parts = [_open(WIDTH, HEIGHT, label), _patterns()]
    for value in range(0, top + 1, step):
        parts.append(_grid_line(HEIGHT - _BOTTOM - plot * value / top, value))
    slot = (WIDTH - _LEFT - _RIGHT) / max(len(bars), 1)
    width = max(min(slot * 0.72, 36), 1)
    for index, bar in enumerate(bars):
        left = _LEFT + slot * index + (slot - width) / 2
        parts.append(_stack(bar, left, width, plot / top))
    parts.extend(_day_labels(bars, slot))
    parts.append("</svg>")
    return "".join(parts)


def _stack(bar: Bar, left: float, width: float, unit: float) -> str:
    if not bar.total:
        return ""
    title = ", ".join(f"{bar.counts[name]} {name}" for name in SERIES if bar.counts.get(name))
    parts = [f"<g class='stack'><title>{escape(bar.label)}: {escape(title)}</title>"]
    # The whole column answers the pointer, so that a small bar's figures can be read too.
    parts.append(
        _rect(left, _TOP, width, HEIGHT - _TOP - _BOTTOM, 'class="hit" fill="transparent"')
    )
    bottom = float(HEIGHT - _BOTTOM)
    for name, height in _heights(bar, unit).items():
        colour, strokes = SERIES[name]
        bottom -= height
        parts.append(_rect(left, bottom, width, height, f'class="s-{name}" fill="{colour}"'))
        if strokes:
            parts.append(_rect(left, bottom, width, height, f'fill="url(#p-{name})"'))
    return "".join([*parts, "</g>"])


def _heights(bar: Bar, unit: float) -> dict[str, float]:
    """Return each status's height: one failure among thousands of passes must still be seen.

    What the small ones gain the tallest gives, so that a bar stays inside the plot.
    """
    heights = {
        name: max(bar.counts[name] * unit, _LEAST) for name in SERIES if bar.counts.get(name)
    }
    excess = sum(heights.values()) - (HEIGHT - _TOP - _BOTTOM)
    if excess > 0:
        heights[max(heights, key=lambda name: heights[name])] -= excess
    return heights


def _day_labels(bars: Sequence[Bar], slot: float) -> list[str]:
    """Return at most seven labels below the axis, evenly apart, the last bar's among them."""
    if not bars:
        return []
    last = len(bars) - 1
    indices = range(last % max(-(-last // 6), 1), last + 1, max(-(-last // 6), 1))
    pattern = "%d %b" if bars[0].first.year == bars[-1].last.year else "%d %b %y"
    labels = []
    for index in indices:
        anchor = "middle"
        middle = _LEFT + slot * (index + 0.5)
        if index == last and len(bars) > 1:
            anchor, middle = "end", float(WIDTH - _RIGHT)
        elif index == 0 and len(bars) > 1:
            anchor, middle = "start", float(_LEFT)
        labels.append(_text(middle, HEIGHT - 8, f"{bars[index].first:{pattern}}", anchor))
    return labels


def horizontal_bars(figures: Sequence[tuple[str, int]], *, label: str) -> str:
    """Return one horizontal bar for each (label, count) as one SVG element."""
    width, row = 310, 44
    height = row * len(figures) + 4
    most = max((count for _, count in figures), default=0) or 1
    parts = [_open(width, height, label)]
    for index, (name, count) in enumerate(figures):
        base = index * row
        parts.append(_text(0, base + 13, name, "start"))
        parts.append(_text(width, base + 13, f"{count:,}", "end", "value"))
        parts.append(_rect(0, base + 20, width, 8, 'class="track" fill="#e4e6ea" rx="2"'))
        if count:
            length = max(width * count / most, 2)
            parts.append(_rect(0, base + 20, length, 8, 'class="s-waived" fill="#3d5f93" rx="2"'))
    parts.append("</svg>")
    return "".join(parts)


def _scale(most: int) -> tuple[int, int]:
    """Return (top of the axis, step between lines): whole numbers, at most five lines."""
    most = max(most, 1)
    step, power = 1, 1
    while True:
        for factor in (1, 2, 5):
            step = factor * power
            if most <= step * 4:
                return -(-most // step) * step, step
        power *= 10


def _open(width: int, height: int, label: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}"'
        ' xmlns="http://www.w3.org/2000/svg">'
    )


def _patterns() -> str:
    made = [
        f'<pattern id="p-{name}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<g class="hatch" stroke="#fff" fill="#fff" stroke-width="1">{strokes}</g></pattern>'
        for name, (_, strokes) in SERIES.items()
        if strokes
    ]
    return f"<defs>{''.join(made)}</defs>"


def _grid_line(height: float, value: int) -> str:
    line = f'<path class="grid" d="M{_LEFT} {height:.1f}H{WIDTH - _RIGHT}" stroke="#e4e6ea"/>'
    return line + _text(_LEFT - 8, height + 4, f"{value:,}", "end")


def _rect(left: float, top: float, width: float, height: float, attributes: str) -> str:
    return f'<rect x="{left:.2f}" y="{top:.2f}" width="{width:.2f}" height="{height:.2f}" {attributes}/>'


def _text(left: float, base: float, text: str, anchor: str, name: str = "axis") -> str:
    return (
        f'<text class="{name}" x="{left:.1f}" y="{base:.1f}" text-anchor="{anchor}" font-size="11"'
        f' fill="#5b6472">{escape(text)}</text>'
    )
