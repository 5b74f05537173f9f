"""Merkle trees of RFC 6962 and RFC 9162 over SHA-256.

Hashes are 32 bytes.  Indexes and sizes count leaves.  Everything raises ProofError on input that
does not hold or cannot be; a check that returns has succeeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Literal

from affidavit.proof.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of the tree without leaves (RFC 6962 section 2.1)."""

_CHUNK_LEVEL = 8
_CHUNK = 1 << _CHUNK_LEVEL


def leaf_hash(data: bytes) -> bytes:
    """Hash an entry's bytes as a leaf: SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: all that is needed to append and to know the root.

    Holds one hash for each complete subtree, largest first: as many as `size` has one-bits.
    Appending n leaves costs n hashes, whatever the size.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        """Start with the empty tree."""
        self._size = 0
        self._peaks: list[bytes] = []

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, largest first."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self._push(_checked(leaf, "leaf hash"), 0)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes in order; faster than one by one when there are many."""
        pending: list[bytes] = []
        for leaf in leaves:
            if len(leaf) != HASH_SIZE:
                raise ProofError(f"leaf hash has {len(leaf)} bytes, expected {HASH_SIZE}")
            if not pending and self._size % _CHUNK:
                self._push(leaf, 0)
                continue
            pending.append(leaf)
            if len(pending) == _CHUNK:
                self._push(_perfect_root(pending), _CHUNK_LEVEL)
                pending = []
        for leaf in pending:
            self._push(leaf, 0)

    def root(self) -> bytes:
        """Give the root hash of the leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        result = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            result = node_hash(peak, result)
        return result

    def copy(self) -> Frontier:
        """Give an independent copy."""
        other = Frontier()
        other._size, other._peaks = self._size, list(self._peaks)
        return other

    def to_bytes(self) -> bytes:
        """Store as 8 bytes of size (big-endian), then the peaks, largest first."""
        return self._size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Read what `to_bytes` wrote; refuses a length that does not fit the size."""
        size = int.from_bytes(data[:8], "big")
        if len(data) != 8 + HASH_SIZE * size.bit_count():
            raise ProofError(
                f"stored frontier has {len(data)} bytes, which does not fit its size {size}"
            )
        frontier = cls()
        frontier._size = size
        frontier._peaks = [data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE)]
        return frontier

    def _push(self, subtree: bytes, level: int) -> None:
        peaks, position = self._peaks, self._size >> level
        while position & 1:
            subtree = node_hash(peaks.pop(), subtree)
            position >>= 1
        peaks.append(subtree)
        self._size += 1 << level


def root_hash(leaf_hashes: Iterable[bytes]) -> bytes:
    """Compute the root over leaf hashes in order (RFC 6962 section 2.1)."""
    frontier = Frontier()
    frontier.extend(leaf_hashes)
    return frontier.root()


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Give the audit path of leaf `index`, deepest sibling first (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < len(leaf_hashes):
        raise ProofError(f"there is no leaf {index} in a tree of {len(leaf_hashes)}")
    proof: list[bytes] = []
    low, high = 0, len(leaf_hashes)
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(root_hash(leaf_hashes[middle:high]))
            high = middle
        else:
            proof.append(root_hash(leaf_hashes[low:middle]))
            low = middle
    return proof[::-1]


def consistency_proof(leaf_hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """Prove that the first `old_size` leaves are a prefix of these (RFC 9162 section 2.1.4.1).

    Empty for `old_size` 0 and for the tree's own size, where there is nothing to prove.
    """
    if not 0 <= old_size <= len(leaf_hashes):
        raise ProofError(
            f"no consistency proof from size {old_size} in a tree of {len(leaf_hashes)}"
        )
    if old_size in (0, len(leaf_hashes)):
        return []
    proof: list[bytes] = []
    low, high, is_left_edge = 0, len(leaf_hashes), True
    while old_size != high:
        middle = low + _split(high - low)
        if old_size <= middle:
            proof.append(root_hash(leaf_hashes[middle:high]))
            high = middle
        else:
            proof.append(root_hash(leaf_hashes[low:middle]))
            low, is_left_edge = middle, False
    if not is_left_edge:
        # On the left edge the verifier has this hash already: it is the old root.
        proof.append(root_hash(leaf_hashes[low:high]))
    return proof[::-1]


def verify_inclusion(
    *, index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> Literal[True]:
    """Check that `leaf_hash` is leaf `index` of the tree with this size and root.

    RFC 9162 section 2.1.3.2.  Raises ProofError if it does not follow.
    """
    if not 0 <= index < size:
        raise ProofError(f"inclusion proof: there is no leaf {index} in a tree of {size}")
    result = _checked(leaf_hash, "leaf hash")
    _checked(root, "root hash")
    sides = _sides("inclusion proof", index, size - 1, len(proof))
    for is_left, sibling in zip(sides, proof, strict=True):
        _checked(sibling, "proof hash")
        result = node_hash(sibling, result) if is_left else node_hash(result, sibling)
    if result != root:
        raise ProofError(f"inclusion proof: leads to root {result.hex()}, expected {root.hex()}")
    return True


def verify_consistency(
    *, old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> Literal[True]:
    """Check that the tree of `old_size` is a prefix of the tree of `new_size`.

    RFC 9162 section 2.1.4.2; sizes that are equal, and the empty tree, take an empty proof.
    Raises ProofError if it does not follow.
    """
    if not 0 <= old_size <= new_size:
        raise ProofError(
            f"consistency proof: a tree of {old_size} cannot grow into one of {new_size}"
        )
    if old_size in (0, new_size):
        _verify_trivial(old_size, new_size, proof, old_root, new_root)
        return True
    _checked(old_root, "old root")
    _checked(new_root, "new root")
    path = [_checked(item, "proof hash") for item in proof]
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("consistency proof: empty")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_result = new_result = path[0]
    sides = _sides("consistency proof", node, last, len(path) - 1)
    for is_left, sibling in zip(sides, path[1:], strict=True):
        if is_left:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
        else:
            new_result = node_hash(new_result, sibling)
    if old_result != old_root:
        raise ProofError(
            f"consistency proof: leads to old root {old_result.hex()}, expected {old_root.hex()}"
        )
    if new_result != new_root:
        raise ProofError(
            f"consistency proof: leads to new root {new_result.hex()}, expected {new_root.hex()}"
        )
    return True


def _verify_trivial(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    if proof:
        raise ProofError(f"consistency proof: from {old_size} to {new_size} it must be empty")
    if old_size == 0 and (old_root != EMPTY_ROOT or len(new_root) != HASH_SIZE):
        raise ProofError("consistency proof: the old root is not that of the empty tree")
    if old_size == new_size and old_root != new_root:
        raise ProofError("consistency proof: one size, two roots")


def _sides(what: str, node: int, last: int, steps: int) -> Iterator[bool]:
    """Walk up from `node`, where `last` is its level's last one: is the sibling on the left?

    The loop that RFC 9162 sections 2.1.3.2 and 2.1.4.2 share.  Raises ProofError unless the root
    is reached in exactly `steps`.
    """
    for _ in range(steps):
        if last == 0:
            raise ProofError(f"{what}: longer than the tree is deep")
        is_left = bool(node & 1) or node == last
        yield is_left
        if is_left:
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError(f"{what}: shorter than the tree is deep")


def _split(count: int) -> int:
    """Give the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _perfect_root(leaves: list[bytes]) -> bytes:
    """Reduce a power of two of hashes to their root."""
    level = leaves
    while len(level) > 1:
        pairs = iter(level)
        level = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(pairs, pairs, strict=True)
        ]
    return level[0]


def _checked(value: bytes, name: str) -> bytes:
    if len(value) != HASH_SIZE:
        raise ProofError(f"{name} has {len(value)} bytes, expected {HASH_SIZE}")
    return value
