"""Whether a URL may be called, told address by address."""

from __future__ import annotations

from gateway import factories
from gateway.config import Settings
from gateway.egress import addresses, urls
from gateway.egress.errors import Undialled
from gateway.egress.resolving import Resolver
from gateway.egress.rules import Refused


async def judged(settings: Settings, url: str) -> tuple[str | None, list[dict[str, str]]]:
    """The rule that refuses it, or None; and each address that it resolves to, with its own verdict."""
    rules, resolver = factories.egress_rules(settings), Resolver(1)
    found: list[dict[str, str]] = []
    refused = None
    try:
        place = urls.parse(url, rules)
        known = [place.address] if place.address else await resolver.addresses(place.host, place.port)
        for address in known:
            try:
                addresses.judge(address, place.port, secure=place.secure, rules=rules, internal=place.internal)
                verdict = "allowed"
            except Refused as error:
                # One bad answer refuses the name.
                refused, verdict = error.rule, f"{error.rule}: {error}"
            found.append({"address": str(address), "verdict": verdict})
    except Refused as error:
        return f"{error.rule}: {error}", found
    except Undialled as error:
        return f"{error.kind}: {error}", found
    finally:
        resolver.close()
    return refused, found
