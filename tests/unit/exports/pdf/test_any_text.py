from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
from pypdf import PdfReader

from affidavit.exports.pdf import fonts, render, rows, worker
from affidavit.exports.pdf.spool import Volume
from affidavit.exports.pdf.text import _PLAIN, BREAK, Shown, code_point, pieces, shown
from tests.unit.exports.pdf.sample import report, squeezed, text_of, verdict, waiver

_MARKUP = [
    '#import "@preview/x:1.0.0": *',
    '#eval("1+1") #read("/etc/passwd")',
    "$ sum_(i=1)^n $ *bold* _em_ `raw` @label <label>",
    "\\ \\u{41} // comment /* not a comment */",
    "= Heading\n- item\n+ item\n/ term: x",
    "]) #panic() [(",
    "https://example.org/?a=b&c=%20",
    "-- --- ... ~ ' \" '' \"\"",
]  # fmt: skip
_SCRIPTS = {
    "latin": "Größe naïve Łódź Đorđe ſ ﬁn",
    "greek": "Ελληνικά κείμενο",
    "cyrillic": "Причина отказа",
    "japanese": "重複した請求を防ぐテスト",
    "chinese": "变更必须经过审核",
    "korean": "변경 사항을 검증합니다",
    "hebrew": "שלום עולם",
    "symbols": "→ ✓ ✗ ≤ ■ │ └── ⏳ €",
    "georgian": "მიზეზი",
    "armenian": "պատճառ",
}


def _reason(path: Path) -> str:
    return squeezed(text_of(path)).replace("\u00a0", "")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bodies: list[dict[str, Any]] = [verdict(n, reason=text) for n, text in enumerate(_MARKUP)]
    bodies += [verdict(100 + n, reason=text) for n, text in enumerate(_SCRIPTS.values())]
    (path,) = report(tmp_path_factory.mktemp("pdf"), bodies)
    return path


@pytest.mark.parametrize("text", _MARKUP)
def test_markup_is_shown_not_run(hostile: Path, text: str) -> None:
    assert squeezed(text) in _reason(hostile)


@pytest.mark.parametrize("script", sorted(set(_SCRIPTS) - {"hebrew"}))
def test_any_script_is_shown_and_can_be_read_back(hostile: Path, script: str) -> None:
    text = squeezed(_SCRIPTS[script]).replace("ﬁ", "fi")
    assert text in _reason(hostile).replace("ﬁ", "fi")


@pytest.mark.program("pdftotext", "poppler-utils")
def test_hebrew_reads_from_right_to_left(hostile: Path) -> None:
    read = subprocess.run(
        ["pdftotext", hostile, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "שלום עולם" in read.replace("\u202b", "").replace("\u202c", "")


@pytest.mark.parametrize(
    "text",
    [
        "هذا سبب مكتوب بالعربية، رقم 12.", "यह कारण हिन्दी में है", "น้ำท่วมกรุงเทพ", "👩‍💻🇩🇪👍🏽☺️", "a\u0e33\u0301x\u0945",
        "\u0301starts with a mark", "zal\u0334\u0335\u0336\u0337\u0338g\u0340o" * 3, "\u202edesrever\u202c",
        "\ue000 private", "\U000e0041 tag", "\u0378 unassigned", "\x07\x1b[31mred\x7f\x85", "\u2028\u2029",
        "قيمة\u200cها", "א" * 3000, "ب" * 200, "x\u200d\u200dy", "𝔘𝔫𝔦 𓀀 🜁", "\u1100\u1161\u11a8", "\ufffe\uffff",
    ],
)  # fmt: skip
def test_no_text_can_stop_a_report(tmp_path: Path, text: str) -> None:
    (path,) = report(
        tmp_path, [verdict(1, reason=text, criterion=text or "x", verifier=text[:200])]
    )
    assert text_of(path)


@pytest.mark.parametrize(
    "control",
    ["\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\u00ad", "\ufeff", "\x07", "\x85"],
)
def test_controls_are_made_visible_instead_of_obeyed(control: str) -> None:
    assert shown(f"a{control}b").text == f"a[U+{ord(control):04X}]b"


def test_what_no_font_covers_is_written_as_a_code_point() -> None:
    assert shown("\ue000").text == "[U+E000]"


def test_a_mark_that_no_font_has_together_with_its_base_is_written_out() -> None:
    assert shown("a\u0e34").text == "a[U+0E34]"
    assert shown("e\u0301").text == "e\u0301"


def test_direction_follows_the_first_strong_character() -> None:
    assert shown("12 שלום").lang == "he"
    assert shown("العربية").lang == "ar"
    assert shown("abc שלום").lang == ""


def test_every_character_taken_as_plain_has_a_glyph() -> None:
    plain = {code for code in range(0x20, 0x10000) if _PLAIN.fullmatch(chr(code))}
    assert plain - fonts.covered() == set()


@pytest.mark.program("pdftotext", "poppler-utils")
def test_long_words_and_digests_are_wrapped_and_still_read_back_whole(tmp_path: Path) -> None:
    word = "/".join(["node_modules", "x" * 300, "deep"]) + "a1" * 200
    (path,) = report(tmp_path, [verdict(1, reason=word, criterion="Щ" * 400)])
    text = _reason(path)
    assert word in text
    assert "Щ" * 400 in text
    boxes = subprocess.run(
        ["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, check=True
    ).stdout
    right_edges = [float(part.split('"')[0]) for part in boxes.split('xMax="')[1:]]
    assert max(right_edges) < 595.3 - 40


@pytest.mark.program("pdftotext", "poppler-utils")
def test_a_reason_of_a_megabyte_is_shown_to_its_end(tmp_path: Path) -> None:
    reason = " ".join(f"w{n}" for n in range(150_000))
    assert len(reason) > 1_000_000
    (path,) = report(tmp_path, [waiver(1, reason)])
    assert len(PdfReader(path).pages) > 50
    read = subprocess.run(
        ["pdftotext", path, "-"], capture_output=True, text=True, check=True
    ).stdout
    found = [word for word in read.split() if word[0] == "w" and word[1:].isdigit()]
    assert found == reason.split()


def test_texts_are_split_into_paragraphs_without_loss() -> None:
    text = "line one\n" * 2000 + "x" * 9000 + " tail"
    assert squeezed("".join(pieces(text))) == squeezed(text)


def test_attachments_hold_hostile_text_as_it_is(tmp_path: Path) -> None:
    bodies = [verdict(1, reason="\u202eevil\u202c #panic()")]
    (path,) = report(tmp_path, bodies)
    assert orjson.loads(PdfReader(path).attachments["records-001.ndjson"][0]) == bodies[0]


def test_clusters_that_typst_alone_finds_unshowable_are_written_as_code_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_this_process(volume: Volume, of: int, running: list[Any]) -> None:
        worker.main(volume.path.parent, render._output(volume))

    monkeypatch.setattr(render, "_make", in_this_process)
    monkeypatch.setattr(rows, "shown", lambda text: Shown(text, ""))
    (few,) = report(tmp_path, [verdict(1, reason="one \u16a0 two \u16a1\u16a2")])
    assert "one [U+16A0] two [U+16A1][U+16A2]" in text_of(few)
    many = "".join(chr(0x16A0 + n) + " " for n in range(40)) + "end ✓"
    (all_escaped,) = report(tmp_path, [verdict(1, reason=many)])
    assert "[U+16A0] [U+16A1]" in text_of(all_escaped)
    assert "[U+16C7]" in text_of(all_escaped)


def test_break_marks_never_come_from_data() -> None:
    assert BREAK not in shown("a\u200bb").text
    assert code_point(BREAK) == "[U+200B]"


def test_embedded_symbols_are_in_the_fonts_that_typst_carries(tmp_path: Path) -> None:
    symbols = "".join(
        chr(c) for first, last in fonts._EMBEDDED_SYMBOLS for c in range(first, last + 1)
    )
    (path,) = report(tmp_path, [verdict(1, reason=" ".join(symbols))])
    assert set(symbols) <= set(text_of(path))
