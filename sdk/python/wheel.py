"""A wheel (PyPA binary distribution format): a zip file of a package with what installers want to know of it.

The same contract gives the same bytes: members in order, and one date for all of them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Final

from sdk.model import Contract
from sdk.python.names import module_of
from sdk.python.package import files
from sdk.python.testing import has_sandboxes

_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The first that a zip file can tell."""
_READABLE: Final = 0o100644 << 16


def wheel_name(contract: Contract, name: str) -> str:
    """`energie_co-20260901.2.0-py3-none-any.whl`."""
    return f"{name.replace('-', '_')}-{contract.version}-py3-none-any.whl"


def wheel(contract: Contract, name: str) -> bytes:
    """The library as pip installs it. name: `energie-co`."""
    package = module_of(name)
    about = f"{name.replace('-', '_')}-{contract.version}.dist-info"
    members = {f"{package}/{path}": text.encode() for path, text in sorted(files(contract, name).items())}
    members[f"{about}/METADATA"] = _metadata(contract, name, package).encode()
    members[f"{about}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: gateway-sdk\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    if has_sandboxes(contract):
        members[f"{about}/entry_points.txt"] = f"[pytest11]\n{package} = {package}.pytest_plugin\n".encode()
    members[f"{about}/RECORD"] = _record(members, f"{about}/RECORD").encode()
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path, body in members.items():
            entry = zipfile.ZipInfo(path, _DATE)
            entry.external_attr = _READABLE
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, body)
    return whole.getvalue()


def _metadata(contract: Contract, name: str, package: str) -> str:
    brand = " ".join(contract.brand.split())
    return f"""\
Metadata-Version: 2.1
Name: {name}
Version: {contract.version}
Summary: {brand}, contract {contract.date}
Project-URL: Documentation, {contract.docs}
Requires-Python: >=3.10
Requires-Dist: httpx <1,>=0.25
Description-Content-Type: text/markdown

{readme(contract, package)}"""


def readme(contract: Contract, package: str) -> str:
    """What the library is, and a first program with it."""
    first = next((each for each in contract.resources if each.operation("search") is not None), None)
    lines = [
        f"# {contract.brand} for Python",
        "",
        f"Speaks the contract {contract.date} of {contract.origin}. {contract.docs}",
    ]
    if first is not None:
        lines += ["", "```python", f"from {package} import Client", "", 'client = Client("YOUR_TOKEN")']
        lines += [f"print(client.{first.name}.search().first())", "```"]
    return "\n".join(lines) + "\n"


def _record(members: Mapping[str, bytes], own: str) -> str:
    """Every file with its hash; that of this one is left empty."""
    lines = []
    for path, body in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(body)}")
    return "\n".join([*lines, f"{own},,"]) + "\n"
