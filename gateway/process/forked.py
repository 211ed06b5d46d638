"""A child process that another process of ours has forked: it is waited for, signalled and fed like one that was started here."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress


class Forked:
    """`returncode`: as subprocess has it, None while it runs. `pid` is its own until then: nobody else waits for it."""

    def __init__(self, pid: int, stdin: asyncio.WriteTransport | None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._stdin = stdin
        self._ended = asyncio.Event()
        self._handle = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._handle, self._end)

    @classmethod
    async def of(cls, pid: int, feeding: int | None = None) -> Forked:
        """The child `pid`; `feeding`: the end of a pipe that it reads on stdin, which is closed here from now on. OSError."""
        loop, stdin = asyncio.get_running_loop(), None
        if feeding is not None:
            stdin, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(feeding, "wb", 0))
        return cls(pid, stdin)

    def feed(self, words: bytes) -> None:
        """Let it read this on stdin, as fast as it does."""
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.write(words)

    async def wait(self) -> int:
        """Its status when it has ended."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """What has ended is left alone."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.abort()
        self._ended.set()
