"""The process that writes the documents of an instance and ends: two seconds' work, beside those who answer requests.

It is forked by the preloader (gateway/process/preloader.py), so it need compile nothing unless a reload has changed what is
offered; what it alone needs it loads itself, and what that takes of memory goes with it. It may be ended at any moment: a publication appears when it is whole.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway import deployment
from gateway.observe import logs
from gateway.process import preloader
from gateway.reference import site
from gateway.reference.publishing import publish

_BEHIND: Final = 5  # niceness: about a third of the processor's time of one that answers


def main(arguments: Sequence[str]) -> None:
    """Write them into the folder that `arguments` names. Settings, brands, the folder that workers send from until they are told
    of the new one, and the deployment's own OpenAPI documents or None come pickled on stdin.
    """
    (place,) = map(Path, arguments)
    with open(0, "rb", closefd=False) as stdin:  # sys.stdin is of the process that this was forked from
        settings, brands, running, spec = pickle.load(stdin)  # noqa: S301 - written by our own supervisor
    logs.configure(settings.logging.level)
    if not (place / site.WANTED).exists():
        # Nobody waits for them.
        os.nice(_BEHIND)
    try:
        offer = preloader.loaded(settings)
        if offer is None:
            offer = deployment.offer(settings)
        publish(place, settings, brands, offer.operations, offer.catalogue.contracts, running, spec)
    except Exception as error:  # noqa: BLE001 - told, not raised: requests are answered without documents
        logs.event("documents not published", "error", error=error)
        sys.exit(1)
    finally:
        logs.flush()
