"""What belongs to other records and has no address of its own: children that a parent brings, and parts of it."""
