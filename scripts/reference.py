"""Write docs/reference/ from the code: settings, commands, addresses (`make docs`).

The texts are those that the code itself shows to people, so each is written once.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MARK = "<!-- Written by `make docs` from the code; edit the code's own texts instead. -->"


def settings_document() -> str:
    """Return the reference of every environment variable."""
    lines = [
        "# Settings",
        "",
        MARK,
        "",
        "Environment variables, read once at the start. Every one has a default that works on one machine.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    for name, default, description in settings():
        lines.append(f"| `{name}` | `{default or ' '}` | {description} |")
    return "\n".join(lines) + "\n"


def settings() -> Iterator[tuple[str, str, str]]:
    """Yield (variable, default, description) of every setting."""
    from affidavit.config.env import Environment

    prefix = Environment.model_config.get("env_prefix", "")
    for name, field in Environment.model_fields.items():
        yield prefix + name.upper(), str(field.default), field.description or ""


def commands_document() -> str:
    """Return the reference of every command with its arguments and options."""
    lines = [
        "# Commands",
        "",
        MARK,
        "",
        "`affidavit COMMAND --help` says the same in the shell.",
        "",
    ]
    for path, command in commands():
        lines += [f"## affidavit {path}", "", _paragraphs(command.help or ""), ""]
        rows = [_parameter(parameter) for parameter in _parameters(command)]
        if rows:
            lines += ["| | default | meaning |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Yield (words after `affidavit`, the command) of every command that does something."""
    import typer

    from affidavit.cli.main import app

    yield from _walk(typer.main.get_command(app), "")


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, child in inner.items():
        yield from _walk(child, f"{path} {name}".strip())


def _parameters(command: Any) -> list[Any]:
    return [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = (
            parameter.make_metavar(_context())
            if hasattr(parameter, "make_metavar")
            else parameter.name
        )
    else:
        name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    shown = parameter.default not in (None, "", [], False) and not callable(parameter.default)
    default = f"`{parameter.default}`" if shown else ("required" if parameter.required else "")
    return f"| `{name}` | {default} | {_cell(getattr(parameter, 'help', '') or '')} |"


def _context() -> Any:
    import typer

    from affidavit.cli.main import app

    command = typer.main.get_command(app)
    return command.make_context("affidavit", [], resilient_parsing=True)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (method, path, OpenAPI operation) of the REST API."""
    from affidavit.api.app import api

    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def pages() -> Iterator[tuple[str, str]]:
    """Yield (address, first line of the view's docstring) of every page."""
    from affidavit.web.urls import urlpatterns

    for pattern in urlpatterns:
        view = pattern.callback
        yield "/" + str(pattern.pattern), (view.__doc__ or "").strip().split("\n")[0]


def api_document() -> str:
    """Return the reference of every address: REST operations and pages."""
    lines = [
        "# REST API",
        "",
        MARK,
        "",
        "The full description with every field is the OpenAPI 3.1 document that the service itself serves.",
        "Errors are `application/problem+json` (RFC 9457).",
        "",
    ]
    for method, path, operation in operations():
        text = operation.get("description") or operation.get("summary", "")
        answers = ", ".join(str(status) for status in operation.get("responses", {}))
        lines += [f"## {method} {path}", "", _paragraphs(text), "", f"Answers: {answers}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def pages_document() -> str:
    """Return the reference of every page's address."""
    lines = ["# Pages", "", MARK, "", "| address | what it is |", "| --- | --- |"]
    lines += [f"| `{address}` | {_cell(text)} |" for address, text in pages()]
    return "\n".join(lines) + "\n"


def records_document() -> str:
    """Return the reference of every record type with its fields."""
    from affidavit.records.shapes import ENVELOPE, SHAPES

    lines = [
        "# Records",
        "",
        MARK,
        "",
        (
            "Field names are the public contract of JSON, CSV and the API; they change by addition only. Times are"
            " RFC 3339, UTC, with microseconds. Every record has the envelope"
            f" {', '.join(f'`{name}`' for name in ENVELOPE)}; then the fields of its type. In CSV a nested value has"
            " dotted columns, and a list is JSON text."
        ),
        "",
    ]
    for record_type, shape in SHAPES.items():
        schema = shape.model_json_schema(by_alias=True)
        lines += [f"## {record_type.value}", "", _cell(shape.__doc__ or ""), ""]
        lines += ["| field | type | |", "| --- | --- | --- |"]
        for name, field in schema["properties"].items():
            kind, nullable = _schema_type(field, schema.get("$defs", {}))
            lines.append(f"| `{name}` | {kind} | {'or null' if nullable else ''} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _schema_type(field: dict[str, Any], definitions: dict[str, Any]) -> tuple[str, bool]:
    """Return a JSON schema's type in words, and whether null is allowed."""
    if "$ref" in field:
        field = definitions[field["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in field:
        rest = [item for item in field["anyOf"] if item.get("type") != "null"]
        return _schema_type(rest[0], definitions)[0], len(rest) < len(field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"]), False
    if field.get("type") == "array":
        return f"list of {_schema_type(field['items'], definitions)[0]}", False
    if "properties" in field:
        return "object: " + ", ".join(f"`{name}`" for name in field["properties"]), False
    return str(field.get("type", "any value")), False


def _paragraphs(text: str) -> str:
    return re.sub(r"\n[ \t]+", "\n", text.replace("\f", "").replace("\b", "")).strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


DOCUMENTS: dict[str, Callable[[], str]] = {
    "settings.md": settings_document,
    "commands.md": commands_document,
    "api.md": api_document,
    "pages.md": pages_document,
    "records.md": records_document,
}


def main() -> None:
    """Write every document."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["AFFIDAVIT_HOME"] = home
        os.environ["DJANGO_SETTINGS_MODULE"] = "affidavit.config.settings"
        import django

        django.setup()
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, document in DOCUMENTS.items():
            (FOLDER / name).write_text(document())
            print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
