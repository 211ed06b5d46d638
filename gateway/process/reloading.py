"""Another configuration while the gateway runs: asked for by SIGHUP, or by a secret whose file has changed.

read and check the whole → build it beside what runs (`take`) → all workers swap. Whatever is wrong with it leaves things as
they were, and is told: in one log line, in the metrics, on `/readyz`, and in a file for `gateway reload`.
"""

import asyncio
import functools
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import orjson
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.config import ConfigError, Fault, Settings, fingerprint, fixed, variables, watched
from gateway.observe import logs
from gateway.process.running import reload_file

_LOOK: Final = 1.0  # seconds between two looks at the watched files
_AGAIN: Final = 5.0  # seconds until a changed secret that could not be taken is tried again
_ASKED: Final = "asked for"
_CHANGED: Final = "a secret has changed"


P = ParamSpec("P")
R = TypeVar("R")
_NICENESS: Final = 5


def _niced() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


_BESIDE: Final = ThreadPoolExecutor(1, "reading", _niced)


async def beside(what: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
    """What `what` returns, in a thread that leaves the processor to those who answer."""
    return await asyncio.get_running_loop().run_in_executor(_BESIDE, functools.partial(what, *given, **named))


class Reloads(Collector):
    """Which configuration runs, and what became of the last one that was to take its place."""

    def __init__(self, load: Callable[[], Settings], settings: Settings, data_dir: Path) -> None:
        """`load`: reads the configuration as `serve` did, and raises ConfigError. `settings`: what runs."""
        self.settings = settings
        self._load = load
        self._file = reload_file(data_dir)
        self._asked = asyncio.Event()
        self._number = 0  # of those that were asked for: whoever asks knows its own by it
        self._at_it = False
        self._refusals: dict[str, Sequence[Fault]] = {}  # by why it was to be taken; each stands until that is
        self._results = {"swapped": 0, "refused": 0}
        self._seen = watched.contents(watched.files(settings))
        self._note()

    def ask(self) -> None:
        """Read the configuration anew, as soon as the gateway has started and is not at it already."""
        self._asked.set()

    async def follow(self, take: Callable[[Settings], Awaitable[None]]) -> None:
        """Reload when asked to and when a watched file has changed, until cancelled. `take` raises ConfigError or changes all."""
        retry = float("inf")
        while True:
            try:
                async with asyncio.timeout(_LOOK):
                    await self._asked.wait()
            except TimeoutError:
                seen = await asyncio.to_thread(watched.contents, frozenset(self._seen))
                changed = seen != self._seen
                if not changed and time.monotonic() < retry:
                    continue
                self._seen = seen
                # What was asked for and refused may have wanted this very secret.
                done = changed and _ASKED in self._refusals and await self._reload(self._reread, take, _ASKED)
                done = done or await self._reload(self._refreshed, take, _CHANGED, again=not changed)
                retry = float("inf") if done else time.monotonic() + _AGAIN
            else:
                self._asked.clear()
                self._number += 1
                if await self._reload(self._reread, take, _ASKED):
                    retry = float("inf")

    @property
    def _state(self) -> str:
        if self._at_it:
            return "reloading"
        return "refused" if self._refusals else "swapped" if self._results["swapped"] else "started"

    @property
    def _faults(self) -> Sequence[Fault]:
        return [*dict.fromkeys(fault for faults in self._refusals.values() for fault in faults)]

    def told(self) -> Mapping[str, object]:
        """What `/readyz` says of it."""
        told: dict[str, object] = {"config": fingerprint(self.settings), "reload": self._state}
        return told | {"reload_faults": [str(fault) for fault in self._faults]} if self._refusals else told

    def collect(self) -> Iterator[Metric]:
        """The running configuration by its hash, reloads by what became of them, and whether the last one was taken."""
        info = GaugeMetricFamily("gateway_config_info", "The running configuration.", labels=["hash"])
        info.add_metric([fingerprint(self.settings)], 1)
        yield info
        reloads = CounterMetricFamily("gateway_config_reloads", "Reloads.", labels=["result"])
        for result, count in self._results.items():
            reloads.add_metric([result], count)
        yield reloads
        yield GaugeMetricFamily(
            "gateway_config_last_reload_successful", "Whether the last reload was taken.", value=not self._refusals
        )

    async def _reload(
        self,
        read: Callable[[], Settings],
        take: Callable[[Settings], Awaitable[None]],
        why: str,
        *,
        again: bool = False,
    ) -> bool:
        """Whether it was taken. `again`: nothing has changed since it was refused."""
        self._at_it = True
        self._note()
        try:
            settings = await beside(read)
            await take(settings)
        except ConfigError as error:
            return self._refused(error.faults, why, again=again)
        except Exception as error:  # noqa: BLE001 - whatever it is, what runs goes on
            logs.event("reload failed", "error", error=error)
            fault = Fault(
                "configuration", f"could not be taken: {type(error).__name__}", "The log line above says more."
            )
            return self._refused((fault,), why, again=again)
        self.settings = settings
        self._seen = await asyncio.to_thread(watched.contents, watched.files(settings))
        # A file that was refused is no better for a secret that was taken.
        for mended in (_ASKED, _CHANGED) if why == _ASKED else (_CHANGED,):
            self._refusals.pop(mended, None)
        self._at_it = False
        self._results["swapped"] += 1
        self._note()
        logs.event("configuration reloaded", config=fingerprint(settings), why=why)
        return True

    def _refused(self, faults: Sequence[Fault], why: str, *, again: bool) -> bool:
        known = again and self._refusals.get(why) == faults
        self._at_it, self._refusals[why] = False, faults
        self._results["refused"] += not known
        self._note()
        if known:
            return False
        told = [str(fault) for fault in faults]
        logs.event("configuration refused", "error", faults=told, why=why, running=fingerprint(self.settings))
        return False

    def _reread(self) -> Settings:
        settings = self._load()
        if faults := list(fixed(self.settings, settings)):
            raise ConfigError(faults)
        return settings

    def _refreshed(self) -> Settings:
        if faults := list(watched.faults(self.settings)):
            raise ConfigError(faults)
        return self.settings

    def _note(self) -> None:
        """Let `gateway reload` and `gateway check --running` know. A disk that is full is no reason not to reload."""
        told: dict[str, Any] = {"number": self._number, "state": self._state, "config": fingerprint(self.settings)}
        told["variables"] = variables(os.environ)
        told["faults"] = [{"path": each.path, "text": str(each)} for each in self._faults]
        draft = self._file.with_suffix(".new")
        try:
            draft.write_bytes(orjson.dumps(told))
            draft.replace(self._file)
        except OSError as error:
            logs.event("the state of a reload could not be written", "error", error=error)
