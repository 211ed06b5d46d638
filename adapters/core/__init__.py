"""The vocabulary resources are declared in, and the compiler that turns declarations into operations. Pure: no I/O."""
