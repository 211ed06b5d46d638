"""Measures the gateway against other ways to do the same work. `make bench`; see docs/performance.md."""
