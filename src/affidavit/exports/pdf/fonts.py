"""The fonts of the report, and which characters they can show.

PDF/A forbids a character without a glyph, so what no font covers is found out before typst sees it and is
written as `[U+XXXX]` (text.py). Only fonts from the lock are used; the machine's own are ignored.
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")

_SCRIPTS = (
    "Arabic", "Hebrew", "Devanagari", "Thai", "Armenian", "Bengali", "Ethiopic", "Georgian", "Gujarati",
    "Gurmukhi", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu",
)  # fmt: skip
MONO = ("DejaVu Sans Mono",)  # carried by typst itself
_LAST = (*MONO, "Noto Sans Symbols", "Noto Emoji")
# The report's own symbols come right after the main font: looked for in every script's font first, they
# took a sixth of the time of a page.
_SYMBOLS = {"name": MONO[0], "covers": "✓✗▲■○◐◇→±"}
_FIRST: tuple[Any, ...] = ("Noto Sans", _SYMBOLS)
TEXT = (*_FIRST, *(f"Noto Sans {script}" for script in _SCRIPTS), *_LAST, "Noto Sans CJK SC")
JAPANESE = (*_FIRST, *_LAST, "Noto Sans CJK JP", "Noto Sans CJK SC")

# Symbols that only the monospaced font carried by typst covers: marks of test tools, arrows, operators.
# Found by setting each character in that font alone under PDF/A; a test sets them all again.
_EMBEDDED_SYMBOLS = (
    (0x2194, 0x2194), (0x219A, 0x21A8), (0x21AB, 0x21AE), (0x21D0, 0x21D1), (0x21D3, 0x21D3),
    (0x21D5, 0x21E5), (0x25AC, 0x25B0), (0x25B4, 0x25B5), (0x25D4, 0x25E1), (0x2610, 0x2610),
    (0x2612, 0x2612), (0x2701, 0x2701), (0x2703, 0x2704), (0x2706, 0x2707), (0x270E, 0x270E),
    (0x2710, 0x2711), (0x2715, 0x2715), (0x2717, 0x2719), (0x271B, 0x271C), (0x2722, 0x2727),
    (0x2729, 0x2732), (0x2735, 0x273C), (0x2741, 0x2743), (0x2745, 0x2746), (0x2758, 0x275E),
    (0x2794, 0x2794), (0x2798, 0x27A0), (0x27A2, 0x27AF), (0x27B1, 0x27BE), (0x27F5, 0x27F7),
)  # fmt: skip


def directories() -> list[str]:
    """Return the folders that hold the font files.

    Raises:
        ModuleNotFoundError: a font package is not installed.
    """
    found: list[str] = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"the font package {name} is not installed", name=name)
        found.append(str(Path(spec.origin).parent))
    return found


@cache
def coverages() -> tuple[frozenset[int], ...]:
    """Return the code points of each font. A cluster of characters must stand in one of them whole."""
    files = sorted(file for folder in directories() for file in Path(folder).glob("*.[to]t[fc]"))
    fonts = [frozenset(_code_points(file.read_bytes())) for file in files]
    embedded = frozenset(c for first, last in _EMBEDDED_SYMBOLS for c in range(first, last + 1))
    return (*fonts, embedded)


@cache
def covered() -> frozenset[int]:
    """Return every code point that some font covers."""
    return frozenset().union(*coverages())


def _code_points(data: bytes) -> Iterator[int]:
    """Yield what a font's `cmap` maps (OpenType 1.9, cmap formats 4 and 12); of a collection, the first."""
    start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
    for index in range(struct.unpack_from(">H", data, start + 4)[0]):
        tag, _, cmap, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * index)
        if tag == b"cmap":
            break
    else:
        return
    for index in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        table = cmap + struct.unpack_from(">I", data, cmap + 8 + 8 * index)[0]
        kind = struct.unpack_from(">H", data, table)[0]
        if kind == 12:
            groups = struct.unpack_from(">I", data, table + 12)[0]
            for first, last, _ in struct.iter_unpack(
                ">III", data[table + 16 : table + 16 + 12 * groups]
            ):
                yield from range(first, last + 1)
        elif kind == 4:
            segments = struct.unpack_from(">H", data, table + 6)[0] // 2
            ends = struct.unpack_from(f">{segments}H", data, table + 14)
            starts = struct.unpack_from(f">{segments}H", data, table + 16 + 2 * segments)
            for first, last in zip(starts, ends, strict=True):
                yield from range(first, min(last, 0xFFFE) + 1)
