"""Files of counts that cannot end their process when the volume below them is full.

prometheus_client maps files with holes: on a full volume the first write into a hole ends the process with SIGBUS, and so
its successor. Here the space is reserved before it is mapped. A process for which there is none goes on counting in
memory of its own: what it counts from then on is missing in the metrics, and nothing else.
"""

import mmap
import os
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, values
from prometheus_client.mmap_dict import MmapedDict

from gateway.observe import logs

FIRST_BYTES: Final = 1 << 16
VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


class Reserved(MmapedDict):
    """The library's dictionary in a file that grows by reserved space only; made and grown once for many values."""

    def __init__(self, filename: str) -> None:
        """`filename`: where the file is to be; there is none yet, since its name holds the process's number."""
        super().__init__(_reserved(Path(filename)))  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        wanted = self._capacity
        # The library's entry: length, key padded to a multiple of 8, value, time.
        while self._used + 4 + len(key.encode()) + 8 + 16 > wanted:
            wanted *= 2
        if wanted > self._capacity:
            try:
                os.posix_fallocate(self._f.fileno(), 0, wanted)
            except OSError as error:
                self._leave(error)
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _leave(self, error: OSError) -> None:
        # The file keeps what was counted so far, for the sum over all workers.
        memory = os.fdopen(_memory(error), "w+b")
        memory.write(self._m[:])
        memory.flush()
        self._m = mmap.mmap(memory.fileno(), self._capacity)
        self._f.close()
        self._f = memory


def install() -> None:
    """Let prometheus_client make its files so; to be called before the first metric is made."""
    values.MmapedDict = Reserved  # type: ignore[assignment, attr-defined]


def share(registry: CollectorRegistry, directory: Path) -> None:
    """Let this process, which was forked from one that counts for itself, count in files of `directory`, from nothing."""
    os.environ[VARIABLE] = str(directory)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    for metric in {*registry._names_to_collectors.values()}:  # noqa: SLF001 - the library chooses once, at its import
        for each in (metric, *getattr(metric, "_metrics", {}).values()):
            if each._is_observable():  # noqa: SLF001
                each._metric_init()  # noqa: SLF001


def forget_dead(directory: Path) -> None:
    """Remove what processes that have ended said of themselves as they were; what they counted stays."""
    for path in directory.glob("gauge_live*.db"):
        if not Path(f"/proc/{path.stem.rpartition('_')[2]}").exists():
            path.unlink(missing_ok=True)


def _reserved(path: Path) -> str:
    """The name to open: of a file whose space is reserved, or of memory where that cannot be had."""
    # Whoever adds up the workers' files must never meet an empty one.
    draft = path.with_suffix(".new")
    try:
        try:
            with draft.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, FIRST_BYTES)
            draft.rename(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        return f"/proc/self/fd/{_memory(error)}"
    return str(path)


def _memory(error: OSError) -> int:
    logs.event("no room for counts: the metrics of this process are incomplete", "error", error=error)
    return os.memfd_create("counts")
