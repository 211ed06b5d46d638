"""What every Python client library has, whatever its API offers. Nothing in it knows a resource.

It is copied as it is into each library, so it imports itself relatively and keeps to Python 3.10. `aio` is the template of
two packages: itself, and the same for programs without asyncio, which is derived from it (sdk/python/blocking.py).
"""
