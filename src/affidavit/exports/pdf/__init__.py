"""The PDF of an export: pure functions from plain data to files (`render.render`). Imports no framework.

Nothing is imported here: each volume is made by a process of its own, which would pay for it.
"""
