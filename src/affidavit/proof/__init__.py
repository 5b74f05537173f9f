"""Canonical JSON, Merkle trees, signed notes and the offline verifier: pure functions, no framework.

What an auditor needs to check an evidence package without this product's server, database or
network.  Public modules: `canonical`, `merkle`, `note`, `checkpoint`, `query`, `package`.
Every function here raises `ProofError` when something does not hold; none answers with a false value.
"""

from affidavit.proof.errors import ProofError

__all__ = ["ProofError"]
