"""The verifiers, one module for each kind of rule. A new kind needs a module and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affidavit.verification.rules import Verifier
from affidavit.verification.verifiers.dependencies import DependenciesVerifier
from affidavit.verification.verifiers.file_size import FileSizeVerifier
from affidavit.verification.verifiers.message import MessageVerifier
from affidavit.verification.verifiers.paths import PathsVerifier
from affidavit.verification.verifiers.pattern import PatternVerifier
from affidavit.verification.verifiers.size import SizeVerifier
from affidavit.verification.verifiers.tests_changed import TestsChangedVerifier
from affidavit.verification.verifiers.text import TextVerifier

_ALL: tuple[Verifier[Any], ...] = (
    DependenciesVerifier(),
    FileSizeVerifier(),
    MessageVerifier(),
    PathsVerifier(),
    PatternVerifier(),
    SizeVerifier(),
    TestsChangedVerifier(),
    TextVerifier(),
)

VERIFIERS: Mapping[str, Verifier[Any]] = {verifier.kind: verifier for verifier in _ALL}
