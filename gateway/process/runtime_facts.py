"""What became of the settings: where the parts that were started ended up listening."""

from dataclasses import replace

from gateway import factories
from gateway.config import EMBEDDED, SANDBOX, Runtime, Settings
from gateway.process.embedded.sandbox import Sandbox, beside


def runtime(settings: Settings, redis_url: str, sandbox: Sandbox | None, public_port: int) -> Runtime:
    """The facts that workers need, from what was started. `sandbox` is None when nothing needs it."""
    urls: dict[str, str] = {}
    keys: dict[str, str] = {}
    for name, service in settings.services.items():
        if service.base_url == SANDBOX and sandbox is not None:
            urls[name], keys[name] = sandbox.url, sandbox.service_key
        else:
            urls[name] = service.base_url
            if service.service_key is not None:
                keys[name] = service.service_key.read()
    test = settings.test
    testing: dict[str, str] = {}
    if beside(test) and sandbox is not None:
        testing = {"test_url": sandbox.url, "test_key": sandbox.service_key, "control_key": sandbox.control_key}
    elif test.enabled and test.sandbox_url is not None and test.service_key and test.control_key:
        keys_there = {"test_key": test.service_key.read(), "control_key": test.control_key.read()}
        testing = {"test_url": test.sandbox_url, **keys_there}
    return Runtime(
        redis_url=redis_url,
        sql_url=factories.sql_url(settings),
        service_urls=urls,
        service_keys=keys,
        public_port=public_port,
        replicas=settings.server.workers * settings.server.replicas,
        data_dir=settings.server.data_dir.absolute(),
        **testing,
    )


def public(settings: Settings, facts: Runtime) -> Runtime:
    """The facts that nobody can know from the configuration: where what is embedded listens, with the sandbox's own key.

    Other addresses are empty and other keys left out: they are secrets, or hold some.
    """
    return replace(
        facts,
        redis_url=facts.redis_url if settings.stores.redis == EMBEDDED else "",
        sql_url=facts.sql_url if settings.stores.sql == EMBEDDED else "",
        service_keys={
            name: facts.service_keys[name]
            for name, service in settings.services.items()
            if service.base_url == SANDBOX and name in facts.service_keys
        },
        test_key=facts.test_key if beside(settings.test) else "",
        control_key=facts.control_key if beside(settings.test) else "",
    )
