"""Bytes of clients: the same file names as `gateway/upstream/`."""
