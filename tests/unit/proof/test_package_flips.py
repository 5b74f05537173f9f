"""One changed byte anywhere in a package is found: by the seal, and without it by what is inside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from affidavit.proof.errors import CannotCheck
from affidavit.proof.package_format import MANIFEST
from tests.support.package_builder import Ledger, packed, sealed
from tests.unit.proof.conftest import Check


def verdict_on(check: Check, data: bytes) -> int:
    try:
        return check(data).exit_code
    except CannotCheck:
        return 2


def flips(data: bytes, step: int) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(data), step):
        yield at, data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]


def whole(ledger: Ledger) -> bytes:
    return sealed(packed(ledger.parts().members().items()), ledger.signer)


# Coprime steps: together the two runs reach other bytes and other bits of them.
@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.heavy)])
def test_a_flipped_bit_anywhere_in_the_file_is_found(
    ledger: Ledger, check: Check, step: int
) -> None:
    missed = [at for at, data in flips(whole(ledger), step) if verdict_on(check, data) == 0]
    assert missed == []


def test_a_file_cut_anywhere_is_found(ledger: Ledger, check: Check) -> None:
    data = whole(ledger)
    missed = [at for at in range(0, len(data), 29) if verdict_on(check, data[:at]) == 0]
    assert missed == []


def test_bytes_put_before_or_behind_are_found(ledger: Ledger, check: Check) -> None:
    data = whole(ledger)
    assert verdict_on(check, data) == 0
    for changed in (b"x" + data, data + b"x", data + b"\n", data + data):
        assert verdict_on(check, changed) != 0


@pytest.mark.parametrize("step", [31, pytest.param(1, marks=pytest.mark.heavy)])
def test_a_flipped_bit_in_a_member_is_found_even_under_a_fresh_seal(
    ledger: Ledger, check: Check, step: int
) -> None:
    """The seal is made anew by the right key, so only the member's own digest can tell."""
    members = ledger.parts().members()
    for name, content in members.items():
        if name == MANIFEST:
            continue  # nothing but the seal covers its free words: see the attacks on its claims
        for at, changed in flips(content, step):
            data = sealed(packed({**members, name: changed}.items()), ledger.signer)
            assert verdict_on(check, data) == 1, f"{name}, byte {at}"


def test_the_failure_names_the_member_that_was_changed(ledger: Ledger, check: Check) -> None:
    members = ledger.parts().members()
    for name in members.keys() - {MANIFEST}:
        changed = members[name][:-2] + b"?" + members[name][-1:]
        data = sealed(packed({**members, name: changed}.items()), ledger.signer)
        failures = [str(f) for verdict in check(data).verdicts for f in verdict.failures]
        assert any(name in failure for failure in failures), (name, failures)
