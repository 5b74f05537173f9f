"""A new dependency is noticed in every manifest that is known, and none is invented."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import CannotEvaluate, ChangeSet
from affidavit.verification.outcomes import Location, Outcome
from affidavit.verification.verifiers import VERIFIERS
from affidavit.verification.verifiers.manifests import ManifestError, dependencies, ecosystem_of
from tests.support.changesets import added, change_set, changes

PYPROJECT = """
[build-system]
requires = ["hatchling>=1"]
[project]
name = "x"
dependencies = [
    "Django>=5",
    "ruamel.yaml[jinja2]~=0.18 ; python_version < '4'",
    "direct @ https://example.org/direct.zip",
]
[project.optional-dependencies]
fast = ["orjson"]
[dependency-groups]
dev = ["pytest", {include-group = "lint"}]
lint = ["ruff"]
[tool.poetry.dependencies]
python = "^3.11"
Some_Thing = "^1"
[tool.poetry.group.test.dependencies]
mock = {version = "1"}
[tool.uv]
dev-dependencies = ["mypy"]
"""
REQUIREMENTS = """
# a comment
-r other.txt
--hash=sha256:00
Flask[async]==3.0 \\
    --hash=sha256:11
zope.interface  # why
git+https://example.org/repo.git@main#egg=eggy&subdirectory=x
-e git+https://example.org/other.git#subdirectory=y&egg=other
./local
https://example.org/a.whl
named @ https://example.org/b.whl
"""
SETUP_CFG = """
[options]
install_requires =
    requests>=2
    attrs
[options.extras_require]
dev =
    tox
[other]
install_requires = no
"""
PACKAGE = """{
  "dependencies": {"left-pad": "1"},
  "devDependencies": {"@scope/tool": "2"},
  "scripts": {"a": "b"}
}"""
GO_MOD = """module example.org/x
go 1.22
require github.com/one/one v1.0.0
require (
	github.com/two/two v2.0.0 // indirect
	"github.com/three/three" v3.0.0
)
replace github.com/old/old => github.com/new/new v1.0.0
exclude (
	github.com/not/this v1.0.0
)
"""
CARGO = """
[package]
name = "x"
[dependencies]
serde = "1"
renamed = { package = "real-name", version = "1" }
[dev-dependencies]
proptest = "1"
[target.'cfg(unix)'.dependencies]
nix = "0.1"
[workspace.dependencies]
shared = "1"
"""
PIPFILE = '[packages]\nrequests = "*"\n[dev-packages]\npytest = "*"\n'


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "pyproject.toml",
            PYPROJECT,
            "hatchling django ruamel-yaml direct orjson pytest ruff some-thing mock mypy",
        ),
        ("requirements.txt", REQUIREMENTS, "flask zope-interface eggy other named"),
        ("requirements/dev.in", "A.B_c\n", "a-b-c"),
        ("setup.cfg", SETUP_CFG, "requests attrs tox"),
        ("web/package.json", PACKAGE, "left-pad @scope/tool"),
        ("go.mod", GO_MOD, "github.com/one/one github.com/two/two github.com/three/three"),
        ("Cargo.toml", CARGO, "serde real-name proptest nix shared"),
        ("Pipfile", PIPFILE, "requests pytest"),
    ],
)
def test_every_known_manifest_gives_its_names(path: str, text: str, expected: str) -> None:
    assert dependencies(path, text) == set(expected.split())


@pytest.mark.parametrize(
    ("path", "ecosystem"),
    [
        ("requirements-dev.txt", "python"),
        ("dev-requirements.txt", "python"),
        ("a/requirements/base.txt", "python"),
        ("constraints.txt", "python"),
        ("docs/notes.txt", None),
        ("requirements.md", None),
        ("pyproject.toml.bak", None),
        ("a/package.json", "npm"),
        ("package-lock.json", None),
    ],
)
def test_manifests_are_told_by_their_names(path: str, ecosystem: str | None) -> None:
    assert ecosystem_of(path) == ecosystem


def outcome(change: ChangeSet, **settings: Any) -> Outcome:
    verifier = VERIFIERS["dependencies"]
    rule = verifier.model.model_validate(
        {"id": "r", "title": "T", "kind": "dependencies"} | settings
    )
    return verifier.verify(rule, change)


def test_a_new_dependency_is_a_breach_at_its_line() -> None:
    before, after = "flask==1\n", "flask==2\nRuamel.YAML>=0.1\n"
    found = outcome(changes({"requirements.txt": (before, after)}))
    assert found.status is VerdictStatus.FAIL
    assert found.location == Location("requirements.txt", 2, 2)
    assert (
        found.reason == "A new dependency was added in 'requirements.txt', line 2: 'ruamel-yaml'."
    )
    assert "     2 | Ruamel.YAML>=0.1" in str(found.snippet)
    assert (
        outcome(changes({"requirements.txt": (before, after)}), allow=["ruamel-yaml"]).status
        == "pass"
    )


def test_another_version_or_a_removal_is_no_new_dependency() -> None:
    found = outcome(changes({"requirements.txt": ("a==1\nb==1\n", "A==2\n")}))
    assert found.status is VerdictStatus.PASS
    assert found.reason == "No package was added (1 changed manifest compared)."


def test_a_move_between_manifests_is_no_new_dependency() -> None:
    change = changes({
        "requirements.txt": ("flask\n", None),
        "pyproject.toml": (None, '[project]\ndependencies = ["Flask"]\n'),
    })  # fmt: skip
    assert outcome(change).status is VerdictStatus.PASS
    other = changes({"requirements.txt": ("left-pad\n", None), "package.json": (None, PACKAGE)})
    assert outcome(other).status is VerdictStatus.FAIL, "names of two ecosystems are no relatives"


def test_a_renamed_manifest_is_compared_with_its_old_self() -> None:
    change = change_set(renamed={"requirements/base.txt": "requirements.txt"}).of({
        "requirements/base.txt": ("flask\n", "flask\nnew\n"),
    })  # fmt: skip
    found = outcome(change)
    assert found.reason == "A new dependency was added in 'requirements/base.txt', line 2: 'new'."


def test_many_new_dependencies_are_counted_and_the_first_ones_named() -> None:
    found = outcome(added({"requirements.txt": "".join(f"p{number}\n" for number in range(12))}))
    assert found.reason.startswith("12 new dependencies were added at 12 places, the first in")
    assert found.reason.endswith("and 2 more.")


def test_no_changed_manifest_is_nothing_to_check() -> None:
    assert "no manifest of dependencies changed" in outcome(added({"a.py": "import x\n"})).reason


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project\n"),
        (
            "pyproject.toml",
            '[project]\ndependencies = "flask"\n[project.optional-dependencies]\nx = 1\n',
        ),
        ("package.json", "{"),
        ("package.json", "[]"),
        ("package.json", "[" * 100_000),
        ("Cargo.toml", "dependencies = 3\n"),
        ("setup.cfg", "no section\n"),
        ("requirements.txt", "#" * 5_001),
        ("go.mod", "\n" * 1_000_001),
    ],
)
def test_a_manifest_that_can_not_be_read_makes_an_error_not_a_pass(path: str, text: str) -> None:
    with pytest.raises(CannotEvaluate, match="are unknown"):
        outcome(added({path: text}))


@given(
    st.sampled_from(["pyproject.toml", "requirements.txt", "package.json", "go.mod", "setup.cfg"]),
    st.text(),
)
def test_any_text_is_read_or_refused_quickly(path: str, text: str) -> None:
    started = time.perf_counter()
    try:
        assert all(dependencies(path, text))
    except ManifestError as error:
        assert path in str(error)  # noqa: PT017 - either answer is right
    assert time.perf_counter() - started < 2
