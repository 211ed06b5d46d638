"""Envoy with a JWT check and a local limit: passing through, and renaming with Lua."""

import base64
import json
import time
from contextlib import ExitStack
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from bench import stub
from bench.needs import HERE
from bench.needs import envoy as binary
from bench.running import UNDER_TEST, Process, children, free_port
from bench.subjects import Ground, Subject

_FILTERS = "type.googleapis.com/envoy.extensions.filters.http"
_HTTP = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def passing(ground: Ground, stack: ExitStack) -> Subject:
    return _start("Envoy, pass-through", ground, stack, rename=False)


def renaming(ground: Ground, stack: ExitStack) -> Subject:
    return _start("Envoy + Lua rename", ground, stack, rename=True)


def _start(name: str, ground: Ground, stack: ExitStack, *, rename: bool) -> Subject:
    home, port = ground.folder("envoy-lua" if rename else "envoy"), free_port()
    jwks, token = _signed()
    (home / "envoy.yaml").write_text(yaml.safe_dump(_config(port, ground.stub_port, jwks, rename=rename)))
    line = [binary(), "-c", str(home / "envoy.yaml"), "--concurrency", "1", "--log-level", "error"]
    process = Process([*line, "--disable-hot-restart"], UNDER_TEST, cwd=home, log=home / "log")
    stack.callback(process.stop)
    process.wait_for(port)
    return Subject(name, port, [process.pid, *children(process.pid)], credentials=token, translates=rename)


def _config(port: int, stub_port: int, jwks: str, *, rename: bool) -> dict[str, Any]:
    provider = {"issuer": "bench", "local_jwks": {"inline_string": jwks}, "forward": False}
    auth = {
        "@type": f"{_FILTERS}.jwt_authn.v3.JwtAuthentication",
        "providers": {"bench": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "bench"}}],
    }
    everyone = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    limit = {
        "@type": f"{_FILTERS}.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "limit",
        "token_bucket": {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "60s"},
        "filter_enabled": everyone,
        "filter_enforced": everyone,
    }
    filters: list[tuple[str, dict[str, Any]]] = [("jwt_authn", auth), ("local_ratelimit", limit)]
    if rename:
        source = (HERE / "peers" / "envoy" / "rename.lua").read_text()
        code = {"@type": f"{_FILTERS}.lua.v3.Lua", "default_source_code": {"inline_string": source}}
        filters.append(("lua", code))
    filters.append(("router", {"@type": f"{_FILTERS}.router.v3.Router"}))
    one = {"regex": {"regex": "^/v1/contacts/con_"}, "substitution": "/api/crm/contacts/"}
    routes = [
        {
            "match": {"path": "/v1/contacts/search"},
            "route": {"cluster": "crm", "prefix_rewrite": "/api/crm/contacts/search"},
        },
        {
            "match": {"prefix": "/v1/contacts/con_"},
            "route": {
                "cluster": "crm",
                "regex_rewrite": {"pattern": one["regex"], "substitution": one["substitution"]},
            },
        },
    ]
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "in",
        "http_filters": [{"name": f"envoy.filters.http.{name}", "typed_config": typed} for name, typed in filters],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    listener = {
        "address": _address(port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    cluster = {
        "name": "crm",
        "type": "STATIC",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": _HTTP,
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": "crm",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(stub_port)}}]}],
        },
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _signed() -> tuple[str, str]:
    """A key set and a token signed with its key (RS256)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "RSA", "alg": "RS256", "kid": "1", "n": _number(numbers.n), "e": _number(numbers.e)}
    claims = {"iss": "bench", "sub": stub.USER, "tenant": stub.TENANT, "exp": int(time.time()) + 86_400}
    head = ".".join(_text(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1"}, claims))
    signature = key.sign(head.encode(), padding.PKCS1v15(), SHA256())
    return json.dumps({"keys": [jwk]}), f"{head}.{_text(signature)}"


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
