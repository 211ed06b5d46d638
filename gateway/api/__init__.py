"""The way of a request under /v1: dispatch → pipeline → stages."""
