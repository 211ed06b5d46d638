"""A brand's colour as it can be read: drawn towards black or white until its contrast to our grounds suffices (WCAG 2.2)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

Rgb = tuple[float, float, float]

_BY_DAY: Final = (4.6, (0xEC, 0xEF, 0xF3), (0, 0, 0))  # against the darkest of the light grounds
_BY_NIGHT: Final = (7.0, (0x26, 0x2C, 0x36), (255, 255, 255))  # against the lightest of the dark ones
_STEPS: Final = 50


@lru_cache(maxsize=256)
def sheet(colour: str) -> str:
    """The style sheet for a brand of this colour (`#1d4ed8`), on top of `pages.css`."""
    day, night = _readable(colour, *_BY_DAY), _readable(colour, *_BY_NIGHT)
    return (
        f":root {{ --accent: {day}; --bar-ok: {day}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ --accent: {night}; --bar-ok: {night}; }} }}\n"
    )


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours, 1 to 21; channels from 0 to 255."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def on(colour: str) -> str:
    """Black or white, whichever is read more easily on this colour (`#1d4ed8`)."""
    ground = _rgb(colour)
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(_rgb(ink), ground))


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _readable(colour: str, enough: float, ground: Rgb, towards: Rgb) -> str:
    mixed = [
        tuple(round(a + (b - a) * step / _STEPS) for a, b in zip(_rgb(colour), towards, strict=True))
        for step in range(_STEPS + 1)
    ]
    red, green, blue = next(each for each in mixed if contrast((each[0], each[1], each[2]), ground) >= enough)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _luminance(colour: Rgb) -> float:
    red, green, blue = (
        each / 255 / 12.92 if each / 255 <= 0.04045 else ((each / 255 + 0.055) / 1.055) ** 2.4 for each in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
