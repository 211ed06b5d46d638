"""The published documents, generated from the declarations: one for each dated contract.

`spec/` and `guides/` are data that the gateway serves; the code here writes and compares them, and serves nothing.
"""
