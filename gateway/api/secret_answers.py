"""Answers that hold something which is shown once, as they are kept for a replay."""

from __future__ import annotations

from typing import Final

from gateway.keys.keyring import Keyring

_PURPOSE: Final = "idempotent-answer"


class SecretAnswers:
    """Sealed for their tenant: whoever reads the store learns nothing."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, tenant_id: str, body: bytes) -> bytes:
        """A body as it is kept."""
        return self._keyring.seal(_PURPOSE, tenant_id, body, b"").encode("ascii")

    def open(self, tenant_id: str, kept: bytes) -> bytes:
        """The inverse; Unsealable when its key was retired since."""
        return self._keyring.open(_PURPOSE, tenant_id, kept.decode("ascii"), b"")
