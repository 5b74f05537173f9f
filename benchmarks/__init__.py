"""Measurements of the goals: `make bench` (docs/benchmarks.md)."""
