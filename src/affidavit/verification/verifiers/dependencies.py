"""`dependencies`: no package becomes a dependency unnoticed."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from pydantic import Field

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import Blob, ChangedFile, ChangeSet, split_lines
from affidavit.verification.outcomes import (
    Finding,
    Findings,
    Outcome,
    counted,
    examined,
    file_location,
    not_applicable,
    printable,
)
from affidavit.verification.rules import FileRule
from affidavit.verification.verifiers.manifests import dependencies, ecosystem_of


class DependenciesRule(FileRule):
    """`allow` names packages that may come in without a finding. `files` may narrow the manifests down."""

    kind: Literal["dependencies"]
    allow: tuple[str, ...] = Field((), strict=False)


class DependenciesVerifier:
    """Compares the names in changed manifests before and after.

    A package is new if a changed manifest names it now and no changed manifest of the same ecosystem
    named it before: one that moves from one manifest to another is not new.
    """

    kind: ClassVar[str] = "dependencies"
    model: ClassVar[type[DependenciesRule]] = DependenciesRule

    def verify(self, rule: DependenciesRule, change_set: ChangeSet) -> Outcome:
        """Return the outcome; the added line of each new name is a place."""
        manifests = [
            file for file in change_set.files if rule.covers(file.path) and _is_manifest(file)
        ]
        if not manifests:
            return not_applicable(change_set, "no manifest of dependencies changed")
        before: dict[str, set[str]] = {}
        for file in manifests:
            if file.old is not None and (ecosystem := ecosystem_of(file.old.path)):
                before.setdefault(ecosystem, set()).update(_named(file.old))
        findings = Findings()
        names: list[str] = []
        for file in manifests:
            if file.new is None or (ecosystem := ecosystem_of(file.new.path)) is None:
                continue
            known = before.get(ecosystem, set()) | set(rule.allow)
            for name in sorted(_named(file.new) - known):
                names.append(name)
                findings.add(_finding(file, file.new, name))
        if findings.total:
            return rule.breach(_reason(names, findings), findings)
        reason = f"No package was added ({counted(len(manifests), 'changed manifest')} compared)."
        return Outcome(VerdictStatus.PASS, reason, None, examined(manifests))


def _is_manifest(file: ChangedFile) -> bool:
    return any(
        side is not None and side.is_text and ecosystem_of(side.path)
        for side in (file.old, file.new)
    )


def _named(blob: Blob) -> frozenset[str]:
    return dependencies(blob.path, blob.text()) if blob.is_text else frozenset()


def _reason(names: list[str], findings: Findings) -> str:
    shown = ", ".join(f"'{printable(name)}'" for name in names[:10])
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    what = "A new dependency was" if len(names) == 1 else f"{len(names)} new dependencies were"
    return f"{what} added {findings.where}: {shown}{more}."


def _finding(file: ChangedFile, blob: Blob, name: str) -> Finding:
    """Find the added line that names the package; a name that is written otherwise has the file as place."""
    lines = split_lines(blob.text())
    spelled = re.sub(r"-", "[-_.]+", re.escape(name).replace(r"\-", "-"))
    wanted = re.compile(rf"(?<![\w-]){spelled}(?![\w-])", re.IGNORECASE)
    for added in file.added_lines():
        for number in added:
            if number <= len(lines) and wanted.search(lines[number - 1]):
                where = file_location(blob.path, range(number, number + 1))
                return Finding(where, (lines[number - 1],), f"adds '{printable(name)}'")
    return Finding(file_location(blob.path), note=f"adds '{printable(name)}'")
