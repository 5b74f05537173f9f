"""Merkle trees of RFC 6962 and RFC 9162, against public vectors and a naive recomputation."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.proof.errors import ProofError
from affidavit.proof.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[2] / "vectors"
ROOTS = json.loads((VECTORS / "merkle-proofs" / "roots.json").read_text())
LEAVES = [leaf_hash(b"leaf %d" % number) for number in range(300)]


def naive_root(leaves: list[bytes]) -> bytes:
    """The recursive definition of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def cases(kind: str) -> list[Any]:
    folder = VECTORS / "merkle-proofs" / kind
    return [
        pytest.param(json.loads(path.read_text()), id=f"{path.parent.name}/{path.stem}")
        for path in sorted(folder.glob("*/*.json"))
    ]


def raw(text: str) -> bytes:
    return base64.b64decode(text)


def is_accepted(case: dict[str, Any]) -> bool:
    proof = [raw(item) for item in case["proof"] or []]
    try:
        if "leafIdx" in case:
            return verify_inclusion(
                index=case["leafIdx"], size=case["treeSize"], leaf_hash=raw(case["leafHash"]),
                proof=proof, root=raw(case["root"]),
            )  # fmt: skip
        return verify_consistency(
            old_size=case["size1"], new_size=case["size2"], proof=proof,
            old_root=raw(case["root1"]), new_root=raw(case["root2"]),
        )  # fmt: skip
    except ProofError:
        return False


@pytest.mark.parametrize("case", cases("inclusion") + cases("consistency"))
def test_judges_the_published_proofs_as_their_authors_do(case: dict[str, Any]) -> None:
    assert is_accepted(case) is not case["wantErr"]


def test_the_vectors_hold_proofs_to_accept_and_to_refuse() -> None:
    wanted = {case.values[0]["wantErr"] for case in cases("inclusion") + cases("consistency")}
    assert {True, False} == wanted


@pytest.mark.parametrize("size", range(len(ROOTS["root_by_size_hex"])))
def test_roots_are_the_published_ones(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(item)) for item in ROOTS["leaf_inputs_hex"][:size]]
    assert ROOTS["root_by_size_hex"][size] == root_hash(leaves).hex()


def test_every_size_up_to_300_has_the_root_of_the_definition() -> None:
    grown = Frontier()
    for size in range(len(LEAVES) + 1):
        expected = naive_root(LEAVES[:size])
        assert expected == root_hash(LEAVES[:size]) == grown.root()
        assert expected == Frontier.from_bytes(grown.to_bytes()).root()
        assert size == grown.size
        if size < len(LEAVES):
            grown.append(LEAVES[size])


@given(st.lists(st.integers(0, 700), max_size=6))
def test_appending_in_any_portions_gives_the_same_tree(portions: list[int]) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(sum(portions))]
    frontier, at = Frontier(), 0
    for portion in portions:
        frontier.extend(leaves[at : at + portion])
        at += portion
    one_by_one = Frontier()
    for leaf in leaves:
        one_by_one.append(leaf)
    assert one_by_one.to_bytes() == frontier.to_bytes()


@given(st.data())
def test_inclusion_proofs_hold_for_their_leaf_alone(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    root, proof = naive_root(leaves), inclusion_proof(leaves, index)
    good: dict[str, Any] = {
        "index": index,
        "size": size,
        "leaf_hash": leaves[index],
        "proof": proof,
        "root": root,
    }
    assert verify_inclusion(**good)
    other = data.draw(st.integers(0, size + 2).filter(lambda number: number != index))
    for wrong in (
        {"index": other},
        {"leaf_hash": leaf_hash(b"another")},
        {"proof": [*proof, root]},
        {"proof": [root, *proof]},
        {"root": leaf_hash(b"another")},
        {"index": -1},
        {"root": root[:-1]},
    ):
        with pytest.raises(ProofError):
            verify_inclusion(**{**good, **wrong})


@given(st.data())
def test_consistency_proofs_hold_for_their_two_trees_alone(data: st.DataObject) -> None:
    new_size = data.draw(st.integers(1, 300))
    old_size = data.draw(st.integers(1, new_size))
    proof = consistency_proof(LEAVES[:new_size], old_size)
    old_root, new_root = naive_root(LEAVES[:old_size]), naive_root(LEAVES[:new_size])
    good: dict[str, Any] = {
        "old_size": old_size, "new_size": new_size, "proof": proof, "old_root": old_root,
        "new_root": new_root,
    }  # fmt: skip
    assert verify_consistency(**good)
    wrongs: list[dict[str, Any]] = [
        {"new_root": leaf_hash(b"another")},
        {"old_root": leaf_hash(b"another")},
        {"proof": [*proof, new_root]},
        {"proof": [new_root, *proof]},
        {"old_size": new_size + 1},
    ]
    if proof:
        wrongs += [{"proof": proof[:-1]}, {"proof": []}, {"old_size": 0}]
    for wrong in wrongs:
        with pytest.raises(ProofError):
            verify_consistency(**{**good, **wrong})


def test_every_proof_of_small_trees_verifies() -> None:
    for size in range(1, 40):
        leaves = LEAVES[:size]
        root = naive_root(leaves)
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            assert verify_inclusion(
                index=index, size=size, leaf_hash=leaves[index], proof=proof, root=root
            )
        for old_size in range(size + 1):
            assert verify_consistency(
                old_size=old_size, new_size=size, proof=consistency_proof(leaves, old_size),
                old_root=naive_root(leaves[:old_size]), new_root=root,
            )  # fmt: skip


def test_the_empty_tree_is_a_prefix_of_every_tree_but_only_as_itself() -> None:
    root = naive_root(LEAVES[:5])
    assert verify_consistency(old_size=0, new_size=5, proof=[], old_root=EMPTY_ROOT, new_root=root)
    with pytest.raises(ProofError):
        verify_consistency(old_size=0, new_size=5, proof=[], old_root=root, new_root=root)


def test_asking_for_a_proof_that_cannot_be_is_an_error() -> None:
    for index in (-1, 5):
        with pytest.raises(ProofError):
            inclusion_proof(LEAVES[:5], index)
    for old_size in (-1, 6):
        with pytest.raises(ProofError):
            consistency_proof(LEAVES[:5], old_size)


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0" * 7 + b"\3" + b"x" * 32, b"\0" * 9])
def test_a_stored_frontier_of_the_wrong_length_is_refused(data: bytes) -> None:
    with pytest.raises(ProofError):
        Frontier.from_bytes(data)


def test_a_copy_of_a_frontier_grows_alone() -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:3])
    copy = frontier.copy()
    copy.append(LEAVES[3])
    assert (frontier.size, copy.size) == (3, 4)
    assert naive_root(LEAVES[:3]) == frontier.root()


def test_a_leaf_hash_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ProofError):
        Frontier().append(b"short")
    with pytest.raises(ProofError):
        root_hash([b"short"])
