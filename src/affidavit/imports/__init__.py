"""Reads exported records back into a ledger: the whole file or nothing of it."""
