"""Make any text showable: nothing is obeyed, nothing is hidden, nothing is cut off.

Bidirectional controls, invisible and control characters and what no font covers are written as
`[U+202E]`. Long words get places where they may break. Right-to-left text is marked as such.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from affidavit.exports.pdf.fonts import coverages, covered

BREAK = "\u200b"  # where a long word may break; never in data, since it is made visible there
LONG_WORD = 48  # characters; the widest of them still fit into a line of the narrowest text column
_STEP = 12
RIGHT_TO_LEFT = frozenset({"he", "ar"})
PIECE = 4_000  # characters set as one paragraph; line breaking slows down with its length

# Latin, Greek, Cyrillic, punctuation and symbols of Noto Sans; kana, ideographs, hangul of Noto Sans CJK.
_PLAIN = re.compile(
    r"[\n -~\xa0-\xac\xae-\u024f\u0391-\u03a1\u03a3-\u03e1\u0400-\u045f–—‘’“”…\u4e00-\u9fa5\uac00-\ud7a3]*"
)
_ASCII = re.compile(r"[\n -~]*")
_KANA = re.compile(r"[\u3041-\u30ff]")
_LONG = re.compile(rf"\S{{{LONG_WORD},}}")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u9fff\uf900-\ufaff]")
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe0e\ufe0f"
_HIDDEN = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u2060\u3164\uffa0\ufeff")
_PICTURES = (range(0x2190, 0x2C00), range(0x1F000, 0x20000), range(0xE0020, 0xE0080))


class Shown(NamedTuple):
    """A text as it is to be set: `lang` is "" (left to right), "he", "ar" (right to left) or "ja"."""

    text: str
    lang: str


def shown(text: str, *, long_word: int = LONG_WORD) -> Shown:
    """Return `text` ready to be set, lossless but for line ends (CR LF becomes LF) and tabs (spaces)."""
    lang = ""
    if not _ASCII.fullmatch(text):
        text = text.replace("\r\n", "\n").replace("\t", "    ")
        if not _PLAIN.fullmatch(text):
            lang = _language(text)
            text = _visible(text)
    if len(text) >= long_word:
        long = _LONG if long_word == LONG_WORD else re.compile(rf"\S{{{long_word},}}")
        text = long.sub(lambda match: _with_breaks(match[0]), text)
    return Shown(text, lang)


def escaped(text: str, unshowable: AbstractSet[str] | None) -> str:
    """Return `text` with the given clusters written as code points; None: every character beyond ASCII."""
    if unshowable is None:
        return "".join(c if c < "\x7f" or c == BREAK else code_point(c) for c in text)
    for cluster in unshowable:
        text = text.replace(cluster, "".join(code_point(c) for c in cluster))
    return text


def inline(text: str) -> str:
    """Return `text` ready to stand among other fields of one line: isolated where it runs right to left."""
    result, lang = shown(text.replace("\n", code_point("\n")) if "\n" in text else text)
    return f"\u2068{result}\u2069" if lang in RIGHT_TO_LEFT or has_rtl(result) else result


def pieces(text: str) -> list[str]:
    """Split a long text into paragraphs, at line ends where there are some, else at spaces."""
    result: list[str] = []
    while len(text) > PIECE:
        cut = max(text.rfind("\n", PIECE // 2, PIECE), -1)
        if cut < 0:
            cut = text.rfind(" ", PIECE // 2, PIECE)
        if cut >= 0:
            result.append(text[:cut])
            text = text[cut + 1 :]
            continue
        cut = PIECE
        while cut > PIECE - 64 and _sticks(text[cut]):
            cut -= 1
        result.append(text[:cut])
        text = text[cut:]
    result.append(text)
    return result


def code_point(character: str) -> str:
    """Return a character's name in the standard's notation, in brackets."""
    return f"[U+{ord(character):04X}]"


def _language(text: str) -> str:
    """Return the language that decides direction and glyphs, by the first strong character (UAX #9, P2)."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction == "L":
            break
        if direction == "R":
            return "he"
        if direction == "AL":
            return "ar"
    return "ja" if _KANA.search(text) else ""


@lru_cache(maxsize=4096)
def has_rtl(text: str) -> bool:
    """Tell whether any character of the text runs from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text)


def _visible(text: str) -> str:
    """Write out what would be invisible, would reorder its neighbours, or has no glyph."""
    out: list[str] = []
    base = ""  # the cluster so far, as it stands in the text
    for character in text:
        if _PLAIN.fullmatch(character):
            base = character
            out.append(character)
        elif _extends(character):
            if base in {"", "\n"} or not _one_font(base + character):
                out.append(code_point(character))
            else:
                base += character
                out.append(character)
        elif _showable(character):
            base = (
                base + character
                if base.endswith("\u200d") and _is_picture(character)
                else character
            )
            out.append(character)
        else:
            base = ""
            out.append(code_point(character))
    return "".join(out)


@lru_cache(maxsize=65536)
def _showable(character: str) -> bool:
    category = unicodedata.category(character)
    return (
        category not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        and character not in _HIDDEN
        and ord(character) in covered()
    )


@lru_cache(maxsize=65536)
def _extends(character: str) -> bool:
    return (
        character in _JOINERS
        or character in _SELECTORS
        or (unicodedata.category(character)[0] == "M" and character not in _HIDDEN)
        or 0x1F3FB <= ord(character) <= 0x1F3FF
    )


def _is_picture(character: str) -> bool:
    return any(ord(character) in block for block in _PICTURES)


def _one_font(cluster: str) -> bool:
    """Tell whether one font covers a whole cluster; joiners mean something between two letters alone."""
    if cluster[-1] in _JOINERS or cluster[-1] in _SELECTORS:
        return not cluster[0].isascii() and cluster[0] not in _JOINERS
    codes = {ord(c) for c in cluster if c not in _JOINERS and c not in _SELECTORS}
    return len(cluster) <= 16 and any(codes <= font for font in coverages())


def _sticks(character: str) -> bool:
    return _extends(character) or unicodedata.category(character)[0] == "M"


def _with_breaks(word: str) -> str:
    if _UNSPACED.search(word):  # these scripts break between syllables by themselves
        return word
    out: list[str] = []
    since = 0
    for index, character in enumerate(word):
        since += 1
        out.append(character)
        following = word[index + 1 : index + 2]
        if since >= _STEP and following and not _sticks(following) and character not in _JOINERS:
            out.append(BREAK)
            since = 0
    return "".join(out)
