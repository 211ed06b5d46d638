"""The client, for programs with asyncio."""
