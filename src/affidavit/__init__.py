"""Affidavit: the audit trail for verified change."""

__version__ = "0.1.0"
