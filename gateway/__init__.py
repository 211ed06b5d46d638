"""The edge: the only package that does I/O."""
