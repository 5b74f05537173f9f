"""The PDF of an export: pure functions from plain data to files. Imports no framework."""

from affidavit.exports.pdf.render import ReportFailed, render
from affidavit.exports.pdf.summary import Summary

__all__ = ["ReportFailed", "Summary", "render"]
