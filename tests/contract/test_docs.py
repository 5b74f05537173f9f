"""The documentation is complete: what a person can set, type or open is described.

`make docs` writes docs/reference/ from the code. These tests ask that nothing is missing there; they
don't compare every word, so that mending a help text needs no second change.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scripts import reference

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HINT = "make docs writes it"


def _reference(name: str) -> str:
    return (DOCS / "reference" / name).read_text()


def test_every_setting_is_documented_with_its_default() -> None:
    text = _reference("settings.md")
    for variable, default, description in reference.settings():
        assert f"| `{variable}` | `{default or ' '}` |" in text, HINT
        assert description, f"{variable} has no description"


def test_every_command_and_each_of_its_options_is_documented() -> None:
    text = _reference("commands.md")
    for path, command in reference.commands():
        heading = f"## affidavit {path}\n"
        assert heading in text, HINT
        section = text.split(heading)[1].split("\n## ")[0]
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else []:
                assert option in section, f"affidavit {path} {option}: {HINT}"


def test_every_field_of_every_record_type_is_documented() -> None:
    from affidavit.records.shapes import fields_of
    from affidavit.records.types import RecordType

    text = _reference("records.md")
    for record_type in RecordType:
        section = text.split(f"## {record_type.value}\n")[1].split("\n## ")[0]
        for name in fields_of(record_type):
            assert f"| `{name}` |" in section, f"{record_type} {name}: {HINT}"


def test_every_operation_of_the_api_is_documented() -> None:
    text = _reference("api.md")
    for method, path, operation in reference.operations():
        assert f"## {method} {path}\n" in text, HINT
        assert operation.get("summary") or operation.get("description"), (
            f"{method} {path} says nothing"
        )


def test_every_page_is_documented_and_says_what_it_is() -> None:
    text = _reference("pages.md")
    for address, words in reference.pages():
        assert f"| `{address}` |" in text, HINT
        assert words, f"the view of {address} has no docstring"


def test_every_command_of_the_makefile_has_its_words_in_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets
    for target in targets[1].split():
        assert re.search(rf"^{target}:.*## \S", makefile, re.MULTILINE), target


def test_every_dependency_has_its_line_of_reasons() -> None:
    metadata = (ROOT / "pyproject.toml").read_text()
    reasons = (DOCS / "decisions" / "dependencies.md").read_text()
    names = re.findall(
        r'^    "([A-Za-z0-9_-]+)[^"]*",$', metadata.split("[tool.hatch")[0], re.MULTILINE
    )
    assert names
    assert [name for name in names if f"| {name} |" not in reasons] == []


@pytest.mark.parametrize(
    "page",
    sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")]),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_link_and_picture_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    files = [link for link in links if "://" not in link]
    assert [link for link in files if not (page.parent / link).exists()] == []
