"""Make one volume, in a process of its own: what typst held is returned when it ends.

Called as `python -m affidavit.exports.pdf.worker FOLDER OUTPUT`. FOLDER holds volume.json, manifest.json,
the records and the templates. Exit code 0: OUTPUT is complete. Otherwise the reason is on stderr.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import typst

from affidavit.exports.pdf import fonts
from affidavit.exports.pdf.rows import row_of
from affidavit.exports.pdf.text import escaped

STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]
_RETRIES = 8  # clusters found one by one before everything beyond ASCII is written as code points
_UNSHOWABLE = re.compile(r'the text "(?P<text>.*)" could not be displayed', re.DOTALL)


def main(folder: Path, output: Path) -> None:
    """Write the volume of `folder` to `output`.

    A cluster of characters that the fonts together can't show is found by typst alone: it is then
    written as code points, and the volume is made again; after several, all beyond ASCII is.
    """
    volume = orjson.loads((folder / "volume.json").read_bytes())
    _write_rows(folder, volume)
    unshowable: set[str] | None = set()
    while True:
        try:
            _compile(folder, output, datetime(**volume["date"], tzinfo=UTC))
        except typst.TypstError as error:
            if unshowable is None or "PDF/" not in error.message:
                raise
            match = _UNSHOWABLE.search(error.message)
            if match is None or len(unshowable) == _RETRIES or match["text"] in unshowable:
                unshowable = None
            else:
                unshowable.add(match["text"])
            _escape(folder, unshowable)
        else:
            return


def _write_rows(folder: Path, volume: dict[str, Any]) -> None:
    records = next(item["name"] for item in volume["attachments"] if item["relationship"] == "data")
    with (folder / records).open("rb") as bodies:
        for section in volume["sections"]:
            with (folder / section["rows"]).open("wb") as rows:
                rows.write(b"[")
                for number in range(section["count"]):
                    rows.write(b"," if number else b"")
                    rows.write(orjson.dumps(row_of(orjson.loads(bodies.readline()))))
                rows.write(b"]")


def _escape(folder: Path, unshowable: AbstractSet[str] | None) -> None:
    for file in sorted(folder.glob("rows-*.json")):
        file.write_bytes(orjson.dumps(_deep(orjson.loads(file.read_bytes()), unshowable)))
    volume = orjson.loads((folder / "volume.json").read_bytes())
    shown = {
        key: value if key == "fonts" else _deep(value, unshowable) for key, value in volume.items()
    }
    (folder / "volume.json").write_bytes(orjson.dumps(shown))


def _deep(value: Any, unshowable: AbstractSet[str] | None) -> Any:
    if isinstance(value, str):
        return escaped(value, unshowable)
    if isinstance(value, list):
        return [_deep(item, unshowable) for item in value]
    if isinstance(value, dict):
        return {key: _deep(item, unshowable) for key, item in value.items()}
    return value


def _compile(folder: Path, output: Path, when: datetime) -> None:
    found = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=list(fonts.directories()),
    )
    compiler = typst.Compiler(
        folder / "volume.typ", root=folder, font_paths=found, ignore_system_fonts=True
    )
    compiler.compile(output=output, format="pdf", pdf_standards=STANDARDS, timestamp=when)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
