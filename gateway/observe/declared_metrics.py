"""What metrics there are, for whoever makes dashboards and rules of them."""

from typing import NamedTuple

from gateway.observe import metrics


class Declared(NamedTuple):
    """A metric as it is scraped: its name, its type by Prometheus' words, its labels, and what it counts."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str


def declared() -> tuple[Declared, ...]:
    """The metrics of workers and couriers, as far as their modules are loaded, by name."""
    found = {}
    for name, collector in metrics._registry._names_to_collectors.items():  # noqa: SLF001 - the library has no other list of them
        (metric,) = collector.describe()  # type: ignore[attr-defined]
        scraped = f"{metric.name}_total" if metric.type == "counter" else metric.name
        if name == scraped:
            found[name] = Declared(name, metric.type, tuple(collector._labelnames), metric.documentation)  # type: ignore[attr-defined]  # noqa: SLF001
    return tuple(found[name] for name in sorted(found))
