"""What axe-core finds wrong with the page that a browser shows."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

from tests.oauth import provision

# All rules look at all of the page; what holds is only counted: told with every element, it takes longer than the looking.
_LOOKED = """(within) => axe.run(within ? document.querySelector(within) : document, {resultTypes: ["violations"]}).then(({passes, violations}) => [
    passes.length,
    violations.map(({id, impact, nodes}) => [id, impact, nodes.slice(0, 5).map(({html}) => html.slice(0, 200))]),
])"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that is broken, how bad that is for people, and the first elements that break it."""

    rule: str
    impact: str
    elements: tuple[str, ...]

    @property
    def serious(self) -> bool:
        return self.impact in {"serious", "critical"}


def faults(page: Page, within: str = "") -> list[Fault]:
    """Of the page as it stands now. within: a selector of the element to look at, which takes less time than all of it."""
    provision.node()
    page.evaluate((provision.SCRIPTS / "node_modules/axe-core/axe.min.js").read_text())
    held, broken = page.evaluate(_LOOKED, within)
    assert held, "nothing was looked at"
    return [Fault(rule, impact, tuple(elements)) for rule, impact, elements in broken]
