"""Faults on demand for calls in test mode: `Test-Fault: NAME[; key=value]`.

A fault is a part of the gateway that fails: the stages are built around it as around the real one, and what comes of it
is what comes of the real failure. Which there are: table.py.
"""
