"""Everything of `gateway serve` that is no request."""
