"""Service → client: what a service answered, made public."""
