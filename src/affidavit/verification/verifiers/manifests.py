"""Names of dependencies out of manifest files; pure text in, names out."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from affidavit.verification.changes import CannotEvaluate

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_REQUIREMENTS_FILE = re.compile(
    r"(?:.*[-_.])?requirements?(?:[-_.].*)?\.(?:txt|in)|constraints.*\.txt", re.IGNORECASE
)


MAX_MANIFEST = 1_000_000  # characters
MAX_LINE = 5_000  # characters


class ManifestError(CannotEvaluate):
    """The manifest can't be read, so its dependencies are unknown."""


def ecosystem_of(path: str) -> str | None:
    """Return whose packages a manifest names (`python`, `npm`, `go`, `cargo`); None if it is no manifest."""
    name = PurePosixPath(path).name
    if name in ("pyproject.toml", "setup.cfg", "Pipfile"):
        return "python"
    if _REQUIREMENTS_FILE.fullmatch(name):
        return "python"
    if PurePosixPath(path).parent.name == "requirements" and name.endswith((".txt", ".in")):
        return "python"
    return {"package.json": "npm", "go.mod": "go", "Cargo.toml": "cargo"}.get(name)


def dependencies(path: str, text: str) -> frozenset[str]:
    """Return the names of the packages that a manifest asks for, normalised as its ecosystem compares them.

    Raises:
        ManifestError: the text is no valid manifest.
    """
    name = PurePosixPath(path).name
    readers: Mapping[str, Callable[[str], Iterable[str]]] = {
        "pyproject.toml": _pyproject,
        "setup.cfg": _setup_cfg,
        "Pipfile": _pipfile,
        "package.json": _package_json,
        "go.mod": _go_mod,
        "Cargo.toml": _cargo,
    }
    reader = readers.get(name, _requirements)
    _refuse_bombs(path, name, text)
    normalise = _python_name if ecosystem_of(path) == "python" else str
    try:
        return frozenset(normalise(found) for found in reader(text))
    except (ValueError, TypeError, AttributeError, RecursionError, configparser.Error) as error:
        # A valid file of another shape (a list where a table belongs) ends here, too.
        raise ManifestError(
            f"The dependencies of '{path}' are unknown: it is malformed ({error})."
        ) from error


def _refuse_bombs(path: str, name: str, text: str) -> None:
    """Refuse what no real manifest is like: the readers of TOML and INI are slow on endless lines."""
    longest = max(map(len, text.splitlines()), default=0)
    if len(text) > MAX_MANIFEST or (name != "package.json" and longest > MAX_LINE):
        raise ManifestError(
            f"The dependencies of '{path}' are unknown: it has {len(text):,} characters, the longest line"
            f" {longest:,}; at most {MAX_MANIFEST:,} and {MAX_LINE:,} are read."
        )


def _python_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()  # PEP 503


def _required(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        found = _REQUIREMENT.match(line)
        if found:
            yield found[1]


def _requirements(text: str) -> Iterator[str]:
    joined = re.sub(r"\\\r?\n", " ", text)
    for line in joined.splitlines():
        entry = line.strip()
        eggs = [part[4:] for part in entry.partition("#")[2].split("&") if part.startswith("egg=")]
        if eggs:
            yield from _required(eggs)
        elif (
            entry
            and not entry.startswith(("#", "-", ".", "/"))
            and "://" not in entry.split("@")[0]
        ):
            yield from _required([entry])


def _pyproject(text: str) -> Iterator[str]:
    document = tomllib.loads(text)
    project = document.get("project", {})
    yield from _required(project.get("dependencies", []))
    for extra in project.get("optional-dependencies", {}).values():
        yield from _required(extra)
    for group in document.get("dependency-groups", {}).values():
        yield from _required(entry for entry in group if isinstance(entry, str))
    yield from _required(document.get("build-system", {}).get("requires", []))
    tool = document.get("tool", {})
    poetry = tool.get("poetry", {})
    tables = [poetry, *poetry.get("group", {}).values()]
    for table in tables:
        for key in ("dependencies", "dev-dependencies"):
            yield from (name for name in table.get(key, {}) if name != "python")
    yield from _required(tool.get("uv", {}).get("dev-dependencies", []))
    for group in tool.get("pdm", {}).get("dev-dependencies", {}).values():
        yield from _required(group)


def _setup_cfg(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    for key in ("install_requires", "setup_requires", "tests_require"):
        yield from _required(parser.get("options", key, fallback="").splitlines())
    if parser.has_section("options.extras_require"):
        for value in parser["options.extras_require"].values():
            yield from _required(value.splitlines())


def _pipfile(text: str) -> Iterator[str]:
    document = tomllib.loads(text)
    for key in ("packages", "dev-packages"):
        yield from document.get(key, {})


def _package_json(text: str) -> Iterator[str]:
    document: Any = json.loads(text)
    for key in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        yield from document.get(key, {}).keys()


def _go_mod(text: str) -> Iterator[str]:
    block = ""
    for line in text.splitlines():
        code = line.split("//")[0].strip()
        if block:
            if code == ")":
                block = ""
                continue
        elif code.endswith("("):
            block = code[:-1].strip()
            continue
        words = code.split()
        if words[:1] == ["require"]:
            words = words[1:]
        elif block != "require":
            continue
        if len(words) == 2 and words[1].startswith("v"):
            yield words[0].strip('"')


def _cargo(text: str) -> Iterator[str]:
    document = tomllib.loads(text)
    tables = [document, document.get("workspace", {}), *document.get("target", {}).values()]
    for table in tables:
        for key in ("dependencies", "dev-dependencies", "build-dependencies"):
            for name, entry in table.get(key, {}).items():
                yield entry.get("package", name) if isinstance(entry, dict) else name
