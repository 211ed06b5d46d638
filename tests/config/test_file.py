"""config.yaml is the reference of the configuration, so it has to be whole and true."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Settings, load
from gateway.config.document import read
from gateway.config.explain import _item, _value
from gateway.config.issuers import Issuer
from gateway.config.plans import Plan
from gateway.config.policies import CallerLimit
from gateway.config.section import Section

FILE = Path(__file__).parents[2] / "config.yaml"


def keys(section: type[Section], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every leaf of the tree, `*` standing for the entries of lists and maps of sections."""
    for name, field in section.model_fields.items():
        annotation = _value(field.annotation)
        inner = _value(_item(annotation))
        if isinstance(annotation, type) and issubclass(annotation, Section):
            yield from keys(annotation, (*path, name))
        elif isinstance(inner, type) and issubclass(inner, Section):
            yield from keys(inner, (*path, name, "*"))
        else:
            yield (*path, name)


def test_the_file_says_exactly_what_the_built_in_defaults_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FILE.parent)
    assert load(FILE, {}) == Settings()


def generic(path: tuple[str, ...], known: set[tuple[str, ...]]) -> tuple[str, ...]:
    """The path with the names of services, roles, brands… replaced by `*`."""
    result: tuple[str, ...] = ()
    for part in path:
        starred = (*result, "*")
        result = starred if any(key[: len(starred)] == starred for key in known) else (*result, part)
    return result


# What only exists once somebody needs it stands in an example in the comments.
IN_EXAMPLES = {
    ("services", "*", "operations", "*", "enabled"),
    ("services", "*", "operations", "*", "path"),
    ("services", "*", "operations", "*", "via"),
    ("services", "*", "operations", "*", "fields"),
    ("webhooks", "egress", "allow", "*", "network"),
    ("webhooks", "egress", "allow", "*", "ports"),
    ("webhooks", "egress", "allow", "*", "http"),
    *(("limits", name, "shadow") for name in Plan.model_fields),
    *(("plans", "*", name, key) for name in Plan.model_fields for key in CallerLimit.model_fields),
    ("versions", "*", "deprecated"),
    ("versions", "*", "sunset"),
    ("versions", "*", "link"),
    ("versions", "*", "notice"),
    *(("issuers", "*", key) for key in Issuer.model_fields),
}


def test_every_key_is_in_the_file_and_documented_there() -> None:
    lines = FILE.read_text().splitlines()
    known = set(keys(Settings))
    documented = set()
    for path, source in read(FILE).sources.items():
        number = int(source.rpartition(" ")[2]) - 1
        if "#" in lines[number] or lines[number - 1].lstrip().startswith("#"):
            documented.add(generic(path, known))
    examples = [line for line in lines if line.lstrip().startswith("#   ")]
    documented |= {path for path in IN_EXAMPLES if any(f"{path[-1]}:" in line for line in examples)}
    assert known - documented == set()


def test_every_key_describes_itself_for_those_who_get_it_wrong() -> None:
    sections: list[type[Section]] = [Settings, *Section.__subclasses__()]
    bare = [(s.__name__, name) for s in sections for name, field in s.model_fields.items() if not field.description]
    assert bare == []


def test_the_file_holds_no_secret_and_opens_nothing_to_the_network() -> None:
    settings = load(FILE, {})
    assert settings.server.host == settings.server.admin_host == "127.0.0.1"
    assert settings.server.trusted_proxies == ()
    assert settings.secrets.keyring == "embedded"
