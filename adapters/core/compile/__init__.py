"""Declarations → operations, once at start."""
