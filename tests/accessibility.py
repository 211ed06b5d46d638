"""What axe-core finds wrong with the page that a browser shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from playwright.sync_api import Page

from tests.oauth import provision

# All rules look at all of the page, but for one that is of a level (AAA) that nobody promises; what holds is only counted: told with every element, it takes longer than the looking.
_LOOKED = """([within, tags]) => axe.run(within ? document.querySelector(within) : document, {
    resultTypes: ["violations"],
    ...(tags.length ? {runOnly: {type: "tag", values: tags}, rules: {"color-contrast-enhanced": {enabled: false}}} : {}),
}).then(({passes, violations}) => [
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
    """Of the page as it stands now, by all rules, and by those of colours again in the other scheme: nothing but colours changes
    with it (tests/web/test_colours.py).

    within: a selector of the element to look at, which takes less time than all of it.
    """
    provision.node()
    page.evaluate((provision.SCRIPTS / "node_modules/axe-core/axe.min.js").read_text())
    found = _looked(page, within)
    night = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    show(page, "light" if night else "dark")
    found += [replace(fault, rule=f"{fault.rule} in the other scheme") for fault in _looked(page, within, "cat.color")]
    show(page, "dark" if night else "light")
    return found


def show(page: Page, scheme: Literal["light", "dark"]) -> None:
    """The page as somebody sees it whose system is told to be light or dark from now on."""
    page.emulate_media(color_scheme=scheme)
    # Scripts that listen for it have run before the next frame, and what glides from one colour to the other has begun to.
    page.evaluate("new Promise(requestAnimationFrame)")
    page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")


def _looked(page: Page, within: str, *tags: str) -> list[Fault]:
    held, broken = page.evaluate(_LOOKED, [within, tags])
    assert held, "nothing was looked at"
    return [Fault(rule, impact, tuple(elements)) for rule, impact, elements in broken]
