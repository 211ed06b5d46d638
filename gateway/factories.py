"""What the settings leave to the process: the addresses of embedded parts, the keyring, the keys of the sandbox.

Every command and every worker finds these the same way, here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from gateway.auth.users import Identity
from gateway.config import EMBEDDED, SANDBOX, Runtime, Secret, Settings, reveal
from gateway.config.services import ServiceName
from gateway.keys.keyring import Keyring
from gateway.keys.keyring_file import KeptKeyring
from gateway.observe import logs
from gateway.process.embedded import valkey
from gateway.process.embedded.sandbox import Sandbox
from gateway.stores.sql import urls
from gateway.upstream import Pool, Target

_LOOK: Final = 1.0
_MISSES: Final = 3
_TENANT_KEY: Final = "tenant-key"


def sql_url(settings: Settings) -> str:
    """The SQLAlchemy URL of the database; the embedded one is a file below the data directory."""
    url = reveal(settings.stores.sql)
    return urls.of_file(settings.server.data_dir / "gateway.db") if url == EMBEDDED else url


def embedded_files(settings: Settings) -> list[Path]:
    """The files by which a data directory is known for a deployment's; none when all that lasts is kept elsewhere."""
    directory = settings.server.data_dir
    kept = {"gateway.db": settings.stores.sql, "keyring.json": settings.secrets.keyring}
    return [directory / name for name, where in kept.items() if where == EMBEDDED]


def needs_sandbox(settings: Settings) -> bool:
    """Whether any service is left to the sandbox."""
    return any(service.base_url == SANDBOX for service in settings.services.values())


def runtime(settings: Settings, redis_url: str, sandbox: Sandbox | None, public_port: int) -> Runtime:
    """The facts that workers need, from what was started. `sandbox` is None when no service needs it."""
    urls: dict[str, str] = {}
    keys: dict[str, str] = {}
    for name, service in settings.services.items():
        if service.base_url == SANDBOX and sandbox is not None:
            urls[name], keys[name] = sandbox.url, sandbox.service_key
        else:
            urls[name] = service.base_url
            if service.service_key is not None:
                keys[name] = service.service_key.read()
    return Runtime(
        redis_url=redis_url,
        sql_url=sql_url(settings),
        service_urls=urls,
        service_keys=keys,
        public_port=public_port,
        replicas=settings.server.workers * settings.server.replicas,
        data_dir=settings.server.data_dir.absolute(),
    )


def identity(settings: Settings, facts: Runtime) -> Identity:
    """The client of the auth service, as configured."""
    auth = settings.services["auth"]
    return Identity(
        facts.service_urls["auth"],
        facts.service_keys["auth"],
        auth.timeouts,
        role_ttl=settings.identity.role_ttl,
        ca_file=auth.ca_file,
    )


def pool(settings: Settings, facts: Runtime, name: ServiceName) -> Pool:
    """Connections to one internal service, within its configured limits."""
    service = settings.services[name]
    return Pool(
        Target(
            base_url=facts.service_urls[name],
            connect_timeout=service.timeouts.connect,
            total_timeout=service.timeouts.total,
            max_connections=service.max_connections,
            max_response_bytes=service.max_response,
            ca_file=str(service.ca_file) if service.ca_file else None,
        )
    )


def keyring(settings: Settings) -> Keyring:
    """The deployment's keys. Raises KeyringInvalid for a text that is none, OSError when the file cannot be read."""
    path = keyring_file(settings)
    if path is None:
        source = settings.secrets.keyring
        assert isinstance(source, Secret)
        return Keyring.load(source.read())
    return KeptKeyring(path)


def keyring_file(settings: Settings) -> Path | None:
    """Where the keyring is; None when it comes from the environment and cannot be changed from here."""
    source = settings.secrets.keyring
    return source.file if isinstance(source, Secret) else settings.server.data_dir / "keyring.json"


def seal_tenant_key(keys: Keyring, tenant_id: str, api_key: str) -> str:
    """A tenant's internal API key, as it is stored."""
    return keys.seal(_TENANT_KEY, tenant_id, api_key.encode(), b"")


def open_tenant_key(keys: Keyring, tenant_id: str, sealed: str) -> str:
    """The inverse of `seal_tenant_key`; Unsealable when it was sealed for another tenant or by an unknown key."""
    return keys.open(_TENANT_KEY, tenant_id, sealed, b"").decode()


@asynccontextmanager
async def embedded_valkey(data_dir: Path) -> AsyncIterator[str]:
    """The embedded Valkey's URL; it is started again, on the same socket and data, when it stops answering."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(valkey.running(data_dir))
        keeper = asyncio.create_task(_keep(data_dir, stack))
        try:
            yield url
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)


async def _keep(data_dir: Path, stack: AsyncExitStack) -> None:
    misses = 0
    while True:
        await asyncio.sleep(_LOOK)
        try:
            answers = await asyncio.to_thread(valkey.url, data_dir)
            misses = 0 if answers else misses + 1
            if misses < _MISSES:
                continue
            logs.event("embedded valkey does not answer", "error")
            misses = 0
            await stack.aclose()
            await stack.enter_async_context(valkey.running(data_dir))
        except valkey.ValkeyFailed as error:
            logs.event("embedded valkey did not start", "error", detail=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is (no process, no descriptor), there must be a next time
            logs.event("embedded valkey did not start", "error", error=error)
