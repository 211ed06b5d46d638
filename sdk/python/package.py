"""The files of the library: the runtime as it is, and what is generated around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from sdk.model import Contract, Resource
from sdk.python.blocking import PLATFORM, blocking
from sdk.python.names import class_of, member, module_of, text
from sdk.python.resources import resource_class
from sdk.python.shapes import Owned, owned, shapes
from sdk.python.testing import TESTS, has_sandboxes, plugin

_RUNTIME: Final = "_runtime"
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_TEXT: Final = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\]|\\.)*"')
_QUOTED: Final = re.compile(r'\b(?:Field|Exact|Ordered|Listed|Text)\["([^"]*)"\]')
_MADE: Final = "# Generated from the API's description: changes are lost with the next release."
_TYPING: Final = ("Any", "Literal", "NoReturn", "TypedDict")
_RECORD_PARTS: Final = {
    "collections.abc": ("Mapping", "Sequence"),
    "datetime": ("date", "datetime"),
    "typing": _TYPING,
    ".._runtime.fields": ("Exact", "Field", "Listed", "Ordered", "Text"),
    ".._runtime.hints": ("Required",),
    ".._runtime.records": ("Record", "day", "many", "moment", "one"),
}
_CLIENT_PARTS: Final = {
    "collections.abc": ("Iterable", "Mapping", "Sequence"),
    "datetime": ("date", "datetime"),
    "typing": _TYPING,
    ".._runtime.calls": ("address", "given", "joined", "new_key", "question"),
    ".._runtime.hints": ("Unpack",),
    ".._runtime.aio.pages": ("AsyncPages",),
    ".._runtime.aio.resource": (
        *("AsyncDeletes", "AsyncExports", "AsyncGets", "AsyncGetsMany", "AsyncImports", "AsyncResource"),
        "AsyncSearches",
    ),
}


def files(contract: Contract, name: str) -> dict[str, str]:
    """Path in the package → text. name: as people install it."""
    own = owned(contract)
    made: dict[str, str] = dict(runtime())
    made["py.typed"] = ""
    made["records/__init__.py"] = '"""What answers hold, and what requests may send."""\n'
    for resource in contract.resources:
        if own.of(resource.name):
            made[f"records/{resource.name}.py"] = _records(contract, resource, own, resource.name)
        made[f"aio/{resource.name}.py"] = _resource(contract, resource, own)
    made["records/webhooks.py"] = _records(contract, None, own, "webhooks")
    made["webhooks.py"] = _webhooks(contract)
    made["errors.py"] = _errors(contract)
    made["_deployment.py"] = _deployment(contract, name)
    made["aio/__init__.py"] = _client(contract)
    for path in [each for each in made if each.startswith("aio/")]:
        made[path.replace("aio/", "blocking/", 1)] = blocking(made[path])
    if has_sandboxes(contract):
        made["pytest_plugin.py"] = plugin(module_of(name), name)
    made["__init__.py"] = _root(contract, own, module_of(name))
    return made


@cache
def runtime() -> dict[str, str]:
    """The files of the runtime, those for programs without asyncio too."""
    found = dict(_read(resources.files("sdk.python") / "runtime", _RUNTIME))
    for path in [each for each in found if "/aio/" in each]:
        found[path.replace("/aio/", "/blocking/")] = blocking(found[path])
    return found | {f"{_RUNTIME}/blocking/platform.py": PLATFORM}


def _read(folder: Traversable, at: str) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_dir() and each.name != "__pycache__":
            yield from _read(each, f"{at}/{each.name}")
        elif each.name.endswith(".py"):
            yield f"{at}/{each.name}", each.read_text("utf-8")


def _records(contract: Contract, resource: Resource | None, own: Owned, within: str) -> str:
    body = "\n".join(shapes(contract, resource, own, within))
    used = _words(body)
    about = f"what `{within}` hold" if resource is not None else "what webhooks deliver"
    lines = [_MADE, f'"""Records: {about}."""', "", "from __future__ import annotations", ""]
    elsewhere = _elsewhere(contract, own, within, used)
    if "_of" in used:
        lines.append("from importlib import import_module")
    checked = [f"    from .{module} import {', '.join(names)}" for module, names in elsewhere]
    lines += _imports(_RECORD_PARTS, used, ("TYPE_CHECKING",) if checked else ())
    if checked:
        lines += ["", "if TYPE_CHECKING:", *checked]
    if "_of" in used:
        lines += ["", "", "def _of(module: str, name: str) -> Any:"]
        lines += ['    """A class of another module, which is read when it is needed."""']
        lines += ['    return getattr(import_module(f".{module}", __package__), name)']
    return "\n".join(lines) + body + "\n"


def _words(body: str) -> set[str]:
    """The names that the code uses: not those in its texts, unless they are types that are quoted."""
    return set(_WORD.findall(" ".join([_TEXT.sub("", body), *_QUOTED.findall(body)])))


def _elsewhere(contract: Contract, own: Owned, within: str, used: set[str]) -> list[tuple[str, list[str]]]:
    """Module → the shapes of it that are named in this one."""
    found: dict[str, list[str]] = {}
    for shape, module in own.module.items():
        if shape in used and module != within and shape in contract.shapes:
            found.setdefault(module, []).append(shape)
    return [(module, sorted(names)) for module, names in sorted(found.items())]


def _resource(contract: Contract, resource: Resource, own: Owned) -> str:
    body = "\n".join(resource_class(contract, resource))
    used = _words(body)
    lines = [_MADE, f'"""The operations of `{resource.name}`."""', "", "from __future__ import annotations", ""]
    where: dict[str, list[str]] = {}
    for shape in sorted(used & own.module.keys()):
        where.setdefault(own.module[shape], []).append(shape)
    for each in contract.resources:
        aliases = [name for name in (f"{each.record}Order", f"{each.record}Field") if each.record and name in used]
        if aliases:
            where.setdefault(own.module[each.record], []).extend(aliases)
    lines += _imports(_CLIENT_PARTS, used, ())
    lines += [f"from ..records.{module} import {', '.join(sorted(names))}" for module, names in sorted(where.items())]
    return "\n".join(lines) + "\n\n\n" + body + "\n"


def _imports(parts: dict[str, tuple[str, ...]], used: set[str], more: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    for module, names in parts.items():
        found = [name for name in names if name in used]
        found += [name for name in more if module == "typing"]
        if found:
            gap = [""] if module.startswith(".") and lines and not lines[-1].startswith("from .") else []
            lines += [*gap, f"from {module} import {', '.join(sorted(found))}"]
    return lines


def _client(contract: Contract) -> str:
    lines = [_MADE, '"""The client, for programs with asyncio."""', "", "from __future__ import annotations", ""]
    lines += ["from typing import TYPE_CHECKING", "", "from .._deployment import DEPLOYMENT"]
    lines += ["from .._runtime.aio.client import AsyncApi, Part, RawResponse", ""]
    lines += ["if TYPE_CHECKING:"]
    lines += [f"    from .{each.name} import Async{class_of(each.name)}" for each in contract.resources]
    lines += ["", '__all__ = ["AsyncClient", "RawResponse"]', "", "", "class AsyncClient(AsyncApi):"]
    lines += [f"    {_about(contract)}", "", "    _deployment = DEPLOYMENT"]
    for each in contract.resources:
        name = f"Async{class_of(each.name)}"
        testing = ", testing=True" if each.name == TESTS else ""
        lines.append(f"    {member(each.name)}: Part[{name}] = Part({text(each.name)}, {text(name)}{testing})")
    return "\n".join(lines) + "\n"


def _about(contract: Contract) -> str:
    return f'"""{contract.brand}, contract {contract.date}. {contract.docs}"""'.replace("\\", "")


def _errors(contract: Contract) -> str:
    parents = sorted({each.parent for each in contract.errors} | {"ApiError", "OutcomeUnknown"})
    base = ("AnswerInvalid", "ConnectionFailed", "Error", "SignatureInvalid", "SignInNeeded", "TimedOut")
    ready = sorted({*parents, *base})
    lines = [_MADE, '"""One exception for each code that the API has."""', "", "from __future__ import annotations", ""]
    lines += ["from ._runtime.errors import (", *(f"    {name} as {name}," for name in ready), ")"]
    for each in contract.errors:
        if each.exception not in ready:
            told = " ".join(each.meaning.split()).replace("\\", "\\\\").replace('"', "'")
            lines += ["", "", f"class {each.exception}({each.parent}):", f'    """{told}"""']
    lines += ["", "", "CODES: dict[str, type[Error]] = {"]
    lines += [f"    {text(each.code)}: {each.exception}," for each in contract.errors]
    return "\n".join([*lines, "}"]) + "\n"


def _deployment(contract: Contract, name: str) -> str:
    parts = {"name": name, "version": contract.version, "contract": contract.date, "origin": contract.origin}
    lines = [_MADE, '"""Where the API is, and which contract this library speaks."""', ""]
    lines += ["from ._runtime.deployment import Deployment", "from .errors import CODES", ""]
    lines += [
        "DEPLOYMENT = Deployment(",
        *(f"    {key}={text(value)}," for key, value in parts.items()),
        "    codes=CODES,",
    ]
    return "\n".join([*lines, ")"]) + "\n"


def _webhooks(contract: Contract) -> str:
    events = list(dict.fromkeys(each.shape for each in contract.events))
    lines = [_MADE, '"""Deliveries of webhooks."""', "", "from __future__ import annotations", ""]
    lines += ["from collections.abc import Mapping, Sequence", "from typing import Union", ""]
    lines += ["from ._runtime.records import Record", "from ._runtime.webhooks import verified"]
    lines += [f"from .records.webhooks import {', '.join(sorted(events))}", ""]
    lines += [f"Delivered = Union[{', '.join([*events, 'Record'])}]", "_KINDS: dict[str, type[Record]] = {"]
    lines += [f"    {text(each.type)}: {each.shape}," for each in contract.events]
    lines += [
        "}",
        "",
        "",
        "def unwrap(",
        "    body: str | bytes, headers: Mapping[str, str], secret: str | Sequence[str], *, tolerance: float = 300",
    ]
    lines += [
        ") -> Delivered:",
        '    """The event of a delivery. body: exactly as it came; secret: the subscription\'s, or several while it is rotated.',
        "",
    ]
    lines += [
        "    Raises SignatureInvalid where it was not signed with the secret, or not within `tolerance` seconds. An event of a type that"
    ]
    lines += ["    this release does not know is a plain Record.", '    """']
    lines += [
        "    event = verified(body, headers, secret, tolerance)",
        '    return _KINDS.get(str(event.get("type")), Record)(event)',
    ]
    return "\n".join(lines) + "\n"


def _root(contract: Contract, own: Owned, module: str) -> str:
    exports = {"Client": "blocking", "AsyncClient": "aio", "RawResponse": "blocking"}
    exports |= {"Condition": "_runtime.fields", "all_of": "_runtime.fields", "any_of": "_runtime.fields"}
    exports |= {
        "OAuth": "_runtime.tokens",
        "Tokens": "_runtime.tokens",
        "Timeout": "_runtime.calls",
        "login": "_runtime.login",
    }
    exports |= {"Record": "_runtime.records", "Limit": "_runtime.limits"}
    exports |= {shape: f"records.{where}" for shape, where in sorted(own.module.items()) if shape in contract.shapes}
    lines = [
        _MADE,
        f'"""{contract.brand}, contract {contract.date}: `from {module} import Client`. {contract.docs}',
        "",
    ]
    lines += ["What is named here is read when it is first used, so that an import takes no time.", '"""', ""]
    lines += [
        "from __future__ import annotations",
        "",
        "from importlib import import_module",
        "from typing import TYPE_CHECKING, Any",
        "",
    ]
    by_module: dict[str, list[str]] = {}
    for name, where in exports.items():
        by_module.setdefault(where, []).append(name)
    lines += ["from . import errors as errors", "", "if TYPE_CHECKING:", "    from . import webhooks as webhooks"]
    lines += [
        f"    from .{where} import {', '.join(f'{name} as {name}' for name in names)}"
        for where, names in by_module.items()
    ]
    lines += ["", f"__version__ = {text(contract.version)}", "", "_IN = {", '    "webhooks": "webhooks",']
    lines += [f"    {text(where)}: {text(' '.join(names))}," for where, names in by_module.items()]
    lines += ["}", "_WHERE = {name: module for module, names in _IN.items() for name in names.split()}"]
    lines += ["__all__ = [", '    "errors", "webhooks",']
    lines += [f"    {', '.join(map(text, names))}," for names in by_module.values()]
    lines += ["]", "", "", "def __getattr__(name: str) -> Any:"]
    lines += [
        "    if name not in _WHERE:",
        '        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")',
    ]
    lines += ['    found = import_module(f".{_WHERE[name]}", __name__)']
    lines += [
        '    value = found if name == "webhooks" else getattr(found, name)',
        "    globals()[name] = value",
        "    return value",
        "",
    ]
    lines += ["", "def __dir__() -> list[str]:", "    return sorted([*globals(), *_WHERE])"]
    return "\n".join(lines) + "\n"
