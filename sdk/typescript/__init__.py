"""The TypeScript client of one contract: a runtime by hand in plain JavaScript, and what is made for each contract.

Nothing is compiled: JavaScript and its declarations are written side by side, and tests hold them together with `tsc`.
"""
