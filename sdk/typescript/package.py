"""The package of one contract: its files, and the archive that npm installs. The same contract gives the same bytes."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import urlsplit

from sdk.model import Contract
from sdk.typescript import commonjs, methods, shapes
from sdk.typescript.naming import camel, doc, union

_PLAIN_TYPES: Final = ("searching", "types")
_ENTRIES: Final = {".": "index", "./login": "login"}
_TESTS: Final = "test"


def archive(contract: Contract, name: str) -> bytes:
    """`NAME-VERSION.tgz`, as `npm install` takes it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, text in sorted(files(contract, name).items()):
            content = text.encode()
            member = tarfile.TarInfo(f"package/{path}")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def files(contract: Contract, name: str) -> dict[str, str]:
    """Path in the package → its text. name: of the package."""
    modules = {f"runtime/{path}": text for path, text in runtime().items()} | _made(contract, name)
    found = {"package.json": _manifest(contract, name), "README.md": _readme(contract, name)}
    for path, text in modules.items():
        found[path] = text
        if path.endswith(".d.ts"):
            found[path.removesuffix(".ts") + ".cts"] = commonjs.declaration(text)
        else:
            found[path.removesuffix(".js") + ".cjs"] = commonjs.code(text)
    return found


@cache
def runtime() -> Mapping[str, str]:
    """The files that are the same in every package."""
    folder = resources.files("sdk.typescript") / "runtime"
    return {each.name: each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith((".js", ".d.ts"))}


def _made(contract: Contract, name: str) -> dict[str, str]:
    return {
        "codes.js": _codes(contract),
        "codes.d.ts": _code_types(contract),
        "about.js": _about(contract, name),
        "about.d.ts": 'import type { About } from "./runtime/types.js";\n\nexport declare const ABOUT: About;\n',
        "resources.js": _resources(contract),
        "resources.d.ts": _resource_types(contract),
        "index.js": _index(contract),
        "index.d.ts": _index_types(contract),
        "login.js": _login(contract),
        "login.d.ts": _LOGIN_TYPES,
    }


def _manifest(contract: Contract, name: str) -> str:
    def at(entry: str) -> dict[str, Any]:
        return {
            "import": {"types": f"./{entry}.d.ts", "default": f"./{entry}.js"},
            "require": {"types": f"./{entry}.d.cts", "default": f"./{entry}.cjs"},
        }

    told = {
        "name": name,
        "version": contract.version,
        "description": f"{contract.brand}, contract of {contract.date}",
        "homepage": contract.docs,
        "type": "module",
        "main": "./index.cjs",
        "module": "./index.js",
        "types": "./index.d.ts",
        "exports": {path: at(entry) for path, entry in _ENTRIES.items()} | {"./package.json": "./package.json"},
        "sideEffects": False,
        "engines": {"node": ">=20"},
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _readme(contract: Contract, name: str) -> str:
    return f"""# {contract.brand}

The contract of {contract.date}. Node 20 and later, browsers, Bun, Deno and workers; no dependencies.

```js
import {{ Client }} from "{name}";

const api = new Client({{ token: process.env.TOKEN }});
console.log(await api.contacts.search().first());
```

More: {contract.docs}
"""


def _codes(contract: Contract) -> str:
    made = [each for each in contract.errors if each.exception not in _by_hand()]
    parents = sorted({each.parent for each in made})
    classes = "".join(f"export class {each.exception} extends {each.parent} {{}}\n" for each in made)
    return f'import {{ {", ".join(parents)} }} from "./runtime/errors.js";\n\n{classes}'


def _code_types(contract: Contract) -> str:
    made = [each for each in contract.errors if each.exception not in _by_hand()]
    parents = sorted({each.parent for each in made})
    classes = "".join(
        f"{doc(each.meaning, '')}export declare class {each.exception} extends {each.parent} {{}}\n" for each in made
    )
    return f'import {{ {", ".join(parents)} }} from "./runtime/errors.js";\n\n{classes}'


@cache
def _by_hand() -> frozenset[str]:
    """Exceptions that the runtime has: those of statuses, one of which a code may be called as, and of what is unknown."""
    found = runtime()["errors.js"]
    return frozenset(line.split()[2] for line in found.splitlines() if line.startswith("export class "))


def _about(contract: Contract, name: str) -> str:
    own = [each for each in contract.errors if each.exception != "OutcomeUnknown"]
    made = [each for each in own if each.exception not in _by_hand()]
    rows = "".join(f"    {each.code}: {'codes' if each in made else 'errors'}.{each.exception},\n" for each in own)
    return f"""import * as codes from "./codes.js";
import * as errors from "./runtime/errors.js";

export const ABOUT = {{
  baseUrl: {json.dumps(contract.origin)},
  tokenPath: {json.dumps(urlsplit(contract.token).path)},
  version: {json.dumps(contract.date)},
  agent: {json.dumps(f"{name}/{contract.version} typescript")},
  codes: {{
{rows}  }},
}};
"""


def _resources(contract: Contract) -> str:
    classes = "\n".join(methods.code(contract, each) for each in contract.resources)
    return f'import {{ {", ".join([*methods.used(contract), "Resource"])} }} from "./runtime/calls.js";\n\n{classes}'


def _resource_types(contract: Contract) -> str:
    queries = [each for resource in contract.resources for each in shapes.queries(resource)]
    classes = [methods.declaration(contract, each) for each in contract.resources]
    body = "\n".join([*shapes.declared(contract).values(), *queries, *classes])
    shared = {
        "calls": ("Resource",),
        "pages": ("Pages",),
        "reading": ("Download",),
        "searching": ("Batch", "By", "Csv", "Filter", "Listing", "Open", "Search", "Selected", "Selection"),
        "types": ("Call", "CallOptions"),
    }
    lines = [
        f'import {"" if module == "calls" else "type "}{{ {", ".join(names)} }} from "./runtime/{module}.js";\n'
        for module, names in shared.items()
    ]
    return f"{''.join(lines)}\n{body}"


def _index(contract: Contract) -> str:
    classes = ", ".join(sorted(methods.class_name(each) for each in contract.resources))
    own = [each for each in contract.resources if each.name != _TESTS]
    lines = "".join(f"    this.{camel(each.name)} = this.resource({methods.class_name(each)});\n" for each in own)
    tests = ""
    if len(own) < len(contract.resources):
        tests = "\n  get test() {\n    return this.resource(TestResource, { testsOnly: true });\n  }\n"
    return f"""import {{ ABOUT }} from "./about.js";
import {{ {classes} }} from "./resources.js";
import {{ BaseClient }} from "./runtime/client.js";
import {{ unwrap }} from "./runtime/webhooks.js";

export * from "./codes.js";
export * from "./runtime/errors.js";
export {{ SignatureInvalid }} from "./runtime/webhooks.js";

export class Client extends BaseClient {{
  constructor(options) {{
    super(options, ABOUT);
{lines}  }}
{tests}}}

export const webhooks = {{ unwrap }};
"""


def _index_types(contract: Contract) -> str:
    own = [each for each in contract.resources if each.name != _TESTS]
    lines = "".join(
        f"{doc(each.description)}  readonly {camel(each.name)}: resources.{methods.class_name(each)};\n" for each in own
    )
    if len(own) < len(contract.resources):
        lines += "  /** Only with a test token. */\n  get test(): resources.TestResource;\n"
    events = "".join(
        f"{doc(each.description)}  {json.dumps(each.type)}: Told<{json.dumps(each.type)}, {_data(contract, each.shape)}>;\n"
        for each in contract.events
    )
    return f"""import type * as resources from "./resources.js";
import {{ BaseClient }} from "./runtime/client.js";
import type {{ Told }} from "./runtime/searching.js";
import type {{ ClientOptions, HeadersLike }} from "./runtime/types.js";

export * from "./codes.js";
export * from "./resources.js";
export * from "./runtime/errors.js";
export type {{ Pages }} from "./runtime/pages.js";
export type {{ Download }} from "./runtime/reading.js";
export type {{ Batch, Csv, Open }} from "./runtime/searching.js";
export type {{ Answer, Call, CallOptions, ClientOptions, FieldError, Limits, Meta, Page, Problem, Tokens }} from "./runtime/types.js";
export {{ SignatureInvalid }} from "./runtime/webhooks.js";

/** {contract.brand}, as of {contract.date}. */
export declare class Client extends BaseClient {{
  constructor(options: ClientOptions);
{lines}}}

/** What webhooks tell of, by type. */
export interface WebhookEvents {{
{events}}}

/** An event. A type of a later release is a text that is not listed here. */
export type WebhookEvent = WebhookEvents[keyof WebhookEvents];

export declare const webhooks: {{
  /**
   * The event, if it is one of ours: verified by Standard Webhooks, and sent just now. SignatureInvalid otherwise.
   * @param body the bytes as they came, before any parser has seen them
   * @param secret `whsec_…`; several while one follows the other
   */
  unwrap(
    body: string | Uint8Array | ArrayBuffer,
    headers: HeadersLike,
    secret: string | readonly string[],
    options?: {{ tolerance?: number }},
  ): Promise<WebhookEvent>;
}};

/** The scopes that an app may ask for. */
export type Scope = {union(contract.scopes)};
"""


def _data(contract: Contract, event: str) -> str:
    held: Mapping[str, str] = {field.name: field.type.shape for field in contract.shapes[event].fields}
    return f"resources.{held['data']}"


def _login(contract: Contract) -> str:
    return f"""import {{ loginAt }} from "./runtime/login.js";

export function login(options) {{
  return loginAt({{ baseUrl: {json.dumps(contract.origin)}, ...options }});
}}
"""


_LOGIN_TYPES: Final = """\
import type { LoginOptions, Tokens } from "./runtime/types.js";

/**
 * Signing in from a script: a browser on this machine asks the user, and comes back to a port of it. Keep the tokens, and
 * give them to a client as `oauth`. Node, Bun and Deno only.
 */
export declare function login(options: LoginOptions & { baseUrl?: string }): Promise<Tokens>;
"""
