"""A small ledger that the tests of this folder share, and a way to verify what they made of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affidavit.proof.note import Signer
from affidavit.proof.package import verify
from affidavit.proof.report import Report
from tests.support.package_builder import ORIGIN, Ledger, Parts, sample_ledger

Check = Callable[..., Report]

_SIGNER = Signer.generate(ORIGIN)


@pytest.fixture
def ledger() -> Ledger:
    return sample_ledger(_SIGNER)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Write a package, or take one as bytes, and verify it against the ledger's key."""

    def run(package: Parts | bytes, **options: Any) -> Report:
        path = tmp_path / "evidence.zip"
        if isinstance(package, bytes):
            path.write_bytes(package)
        else:
            package.write(path)
        return verify(path, vkeys=[_SIGNER.vkey], **options)

    return run
