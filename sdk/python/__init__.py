"""The Python library of a contract: a runtime written by hand, and what is generated around it."""
