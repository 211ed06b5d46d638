"""Our ES modules as CommonJS. They are written plainly enough for four rules; a test loads and runs what they make."""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = re.compile(r'^import \{([^}]*)\} from "([^"]+)\.js";$', re.MULTILINE)
_WHOLE: Final = re.compile(r'^import \* as (\w+) from "([^"]+)\.js";$', re.MULTILINE)
_AGAIN: Final = re.compile(r'^export \* from "([^"]+)\.js";$', re.MULTILINE)
_CHOSEN: Final = re.compile(r'^export \{([^}]*)\} from "([^"]+)\.js";$', re.MULTILINE)
_EXPORTED: Final = re.compile(r"^export ((?:class|const|(?:async )?function\*?) (\w+))", re.MULTILINE)


def code(module: str) -> str:
    """A module, whose imports end in `.js`, as one whose files end in `.cjs`."""
    made = _NAMED.sub(r'const {\1} = require("\2.cjs");', module)
    made = _WHOLE.sub(r'const \1 = require("\2.cjs");', made)
    made = _AGAIN.sub(r'Object.assign(exports, require("\1.cjs"));', made)
    made = _CHOSEN.sub(_taken, made)
    names = [found[2] for found in _EXPORTED.finditer(made)]
    made = _EXPORTED.sub(r"\1", made)
    told = "".join(f"exports.{name} = {name};\n" for name in names)
    return f'"use strict";\n{made}{told}'


def declaration(text: str) -> str:
    """The declarations of such a module."""
    return re.sub(r'from "([^"]+)\.js"', r'from "\1.cjs"', text)


def _taken(found: re.Match[str]) -> str:
    names = [each.strip() for each in found[1].split(",") if each.strip()]
    return "".join(f'exports.{name} = require("{found[2]}.cjs").{name};' for name in names)
