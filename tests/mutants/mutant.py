"""One seeded fault: a small change of the code that a quick, named part of the suite must notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mutant:
    """said: what is wrong, as a sentence without its end; file: below the checkout; old: what stands there exactly once, and new
    instead; caught: arguments of pytest that choose the tests, files first.
    """

    said: str
    file: str
    old: str
    new: str
    caught: tuple[str, ...]

    def apply(self, root: Path) -> str:
        """Change the file below `root` → its text before; ValueError when the place is not there exactly once."""
        path = root / self.file
        before = path.read_text()
        if before.count(self.old) != 1:
            raise ValueError(f"{self.file} has {self.old!r} {before.count(self.old)} times")
        path.write_text(before.replace(self.old, self.new))
        return before
