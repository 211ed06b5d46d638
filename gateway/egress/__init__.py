"""Calls to addresses that a stranger chose: what may be called is judged, resolved once, and dialled at the address that was judged."""
