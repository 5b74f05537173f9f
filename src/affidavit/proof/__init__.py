"""Canonical JSON, Merkle trees, signed notes and the offline verifier: pure functions.

What an auditor needs to check an evidence package without this product's server, database or
network.  Public modules: `canonical`, `merkle`, `note`, `checkpoint`, `query`, `package`.
They raise `ProofError` when something does not hold; none answers with a false value.
"""

from affidavit.proof.errors import ProofError

__all__ = ["ProofError"]
