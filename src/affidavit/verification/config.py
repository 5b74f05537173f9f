"""Reads `affidavit.yaml`, the standing rules of a repository; an error names its line.

Which rules hold for a commit: those in `affidavit.yaml` at the tip of the branch that is verified (the
rules as they stand today, applied to every commit alike), or those in a file that is given instead, or
the starter set where there are none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from affidavit.kit.errors import InvalidInput, NotFound
from affidavit.verification.git import Repository
from affidavit.verification.rules import Rule
from affidavit.verification.verifiers import VERIFIERS

FILE_NAME = "affidavit.yaml"
MAX_BYTES = 256 * 1024
MAX_RULES = 200
_TOP = ("version", "rules")

_TAGS = frozenset({"str", "int", "float", "bool", "null", "seq", "map"})

_Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The standing rules, where they come from (in words), and the SHA-256 (hex) of the file."""

    rules: tuple[Rule, ...]
    source: str
    sha256: str

    def by_id(self, rule_id: str) -> Rule | None:
        """Return the rule of that id, None where there is none."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a rules file; `line` counts from 1."""

    line: int
    message: str


class RulesError(InvalidInput):
    """The rules file is malformed; every problem is listed with its line."""

    code = "invalid_rules"

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        listed = "; ".join(f"line {problem.line}: {problem.message}" for problem in self.problems)
        super().__init__(
            f"The rules in {source} can't be used. {listed}",
            extra={
                "problems": [{"line": item.line, "message": item.message} for item in self.problems]
            },
        )


def rules_of(repository: Repository, tip: str) -> RuleSet:
    """Return the rules in the tree of the commit `tip`, or the starter set where it has none.

    Raises:
        RulesError: the rules file is malformed.
    """
    content = repository.file_at(tip, FILE_NAME)
    if content is not None:
        return parse_rules(content, source=f"{FILE_NAME} at commit {tip[:12]}")
    if repository.file_at(tip, "affidavit.yml") is not None:
        raise InvalidInput("The repository has an affidavit.yml; rename it to affidavit.yaml.")
    return starter_rules()


def rules_in(path: Path) -> RuleSet:
    """Return the rules in a file of this machine.

    Raises:
        NotFound: there is no such file.
        RulesError: it is malformed.
    """
    try:
        return parse_rules(path.read_bytes(), source=str(path))
    except OSError as error:
        raise NotFound(f"The rules file {path} can't be read: {error.strerror}.") from error


def starter_rules() -> RuleSet:
    """Return the rules for a repository that has none of its own."""
    content = resources.files("affidavit.verification").joinpath("starter.yaml").read_bytes()
    return parse_rules(content, source="the starter set")


def parse_rules(content: bytes, *, source: str) -> RuleSet:
    """Read a rules file.

    Raises:
        RulesError: it is malformed; every problem is listed.
    """
    node = _composed(content, source)
    lines: dict[_Place, int] = {}
    problems = list(_odd_nodes(node, (), lines, set()))
    if problems:
        raise RulesError(source, problems)
    try:
        data = yaml.SafeLoader("").construct_document(node)
    except ValueError as error:  # an integer of thousands of digits
        raise RulesError(source, [Problem(1, f"a number can't be read: {error}")]) from error
    rules = _rules(data, lines, problems)
    if problems:
        raise RulesError(source, problems)
    return RuleSet(tuple(rules), source, hashlib.sha256(content).hexdigest())


def _composed(content: bytes, source: str) -> yaml.Node:
    if len(content) > MAX_BYTES:
        raise RulesError(
            source, [Problem(1, f"it has {len(content):,} bytes; at most {MAX_BYTES:,} are read")]
        )
    try:
        node = yaml.compose(content.decode("utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RulesError(source, [Problem(line, "it is not UTF-8")]) from error
    except RecursionError as error:
        raise RulesError(source, [Problem(1, "it is nested too deeply")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = "; put patterns that begin with * in quotes" if "alias" in str(error) else ""
        said = f"it is no YAML: {error.problem}{hint}"
        raise RulesError(source, [Problem(mark.line + 1 if mark else 1, said)]) from error
    except yaml.YAMLError as error:
        raise RulesError(source, [Problem(1, f"it is no YAML: {error}")]) from error
    if node is None:
        raise RulesError(source, [Problem(1, "it is empty; write 'version: 1' and 'rules:'")])
    return node


def _odd_nodes(
    node: yaml.Node, place: _Place, lines: dict[_Place, int], seen: set[int]
) -> Iterator[Problem]:
    """Note the line of every place; yield what YAML allows and a rules file does not."""
    lines[place] = node.start_mark.line + 1
    if id(node) in seen:
        yield Problem(
            lines[place], "anchors and aliases (&, *) are not allowed; write it out, or quote it"
        )
        return
    seen.add(id(node))
    if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
        yield Problem(
            lines[place], f"a value of the type {node.tag} is not allowed; put it in quotes"
        )
    if isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            yield from _odd_nodes(item, (*place, at), lines, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                yield Problem(
                    key.start_mark.line + 1, f"the name {name!r} is no text; put it in quotes"
                )
            elif (*place, name) in lines:
                first = lines[(*place, name)]
                yield Problem(key.start_mark.line + 1, f"'{name}' stands in line {first} already")
            yield from _odd_nodes(value, (*place, name), lines, seen)
            lines[(*place, name)] = key.start_mark.line + 1


def _rules(data: Any, lines: Mapping[_Place, int], problems: list[Problem]) -> list[Rule]:
    if not isinstance(data, dict):
        problems.append(Problem(lines[()], "it must hold 'version: 1' and 'rules:'"))
        return []
    problems += [
        Problem(lines[(name,)], f"'{name}' is unknown; at the top stand only version and rules")
        for name in sorted(data.keys() - set(_TOP))
    ]
    if data.get("version") != 1 or data.get("version") is True:
        problems.append(Problem(lines.get(("version",), 1), "'version' must be 1"))
    entries = data.get("rules")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_RULES:
        said = f"'rules' must be a list of 1 to {MAX_RULES} rules"
        problems.append(Problem(lines.get(("rules",), 1), said))
        return []
    rules: list[Rule] = []
    taken: dict[str, int] = {}
    for at, entry in enumerate(entries):
        rule = _rule(entry, ("rules", at), lines, problems)
        if rule is None:
            continue
        for name, text in (("id", rule.id), ("title", rule.title)):
            line = lines[("rules", at, name)]
            if (first := taken.setdefault(f"{name} {text}", line)) != line:
                problems.append(
                    Problem(line, f"the {name} {text!r} is taken by the rule in line {first}")
                )
        rules.append(rule)
    return rules


def _rule(
    entry: Any, place: _Place, lines: Mapping[_Place, int], problems: list[Problem]
) -> Rule | None:
    if not isinstance(entry, dict):
        problems.append(Problem(lines[place], "a rule is a mapping with id, title and kind"))
        return None
    verifier = VERIFIERS.get(str(entry.get("kind")))
    if verifier is None:
        kinds = ", ".join(sorted(VERIFIERS))
        said = f"the kind {entry['kind']!r} is unknown" if "kind" in entry else "'kind' is missing"
        problems.append(
            Problem(lines.get((*place, "kind"), lines[place]), f"{said}; kinds are {kinds}")
        )
        return None
    try:
        return verifier.model.model_validate(entry)
    except ValidationError as error:
        problems += [
            _problem(item["loc"], item["type"], item["msg"], place, lines, verifier.model)
            for item in error.errors(include_url=False, include_context=False)
        ]
        return None


def _problem(
    where: _Place,
    kind: str,
    said: str,
    place: _Place,
    lines: Mapping[_Place, int],
    model: type[Rule],
) -> Problem:
    at = (*place, *where)
    while at not in lines:
        at = at[:-1]  # pydantic names branches of unions, too, and what is missing has no line
    name = ".".join(str(part) for part in where if not isinstance(part, int))
    if kind == "missing":
        said = "it is missing"
    elif kind == "extra_forbidden":
        said = f"it is unknown; this kind of rule has {', '.join(sorted(model.model_fields))}"
    said = said.removeprefix("Value error, ")
    return Problem(lines[at], f"'{name}': {said}" if name else said)
