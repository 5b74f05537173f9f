"""Text made safe to look at: characters that reorder or hide other characters become visible."""

from __future__ import annotations

import re
import unicodedata

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Bidirectional controls, zero-width space, word joiner, byte order mark, tag characters; and every
# control character but tab and line feed. ZWJ and ZWNJ stay: emoji, Persian and Indic words need them.
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> SafeString:
    """Return escaped HTML of `text` in which each hidden character is a labelled mark."""
    parts: list[str] = []
    place = 0
    for match in _HIDDEN.finditer(text):
        parts.append(escape(text[place : match.start()]))
        parts.append(_mark(match.group()))
        place = match.end()
    parts.append(escape(text[place:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped or made here


def has_hidden(text: str) -> bool:
    """Tell whether the text holds a character that would not be seen."""
    return _HIDDEN.search(text) is not None


def _mark(character: str) -> str:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "control character").lower()
    return f'<span class="hidden-char" title="{escape(name)}">{code}</span>'
