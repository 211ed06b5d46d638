"""The guide of TypeScript's client: its programs, in their order, are one program, which compiles and runs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sdk.typescript.package import archive
from tests.live import Live
from tests.sdk.typescript.toolchain import HERE, contract, node, run, tools, workshop

GUIDE = Path(__file__).parents[3] / "openapi/guides/14-typescript-sdk.md"
pytestmark = pytest.mark.timeout(400)


def test_what_the_guide_shows_compiles_and_runs(tmp_path: Path, live: Live) -> None:
    blocks = re.findall(r"^```ts\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 6
    workshop(tmp_path, archive(replace(contract(), origin=live.url), "sdk"))
    for name in ("@types", "undici-types"):
        (tmp_path / "node_modules" / name).symlink_to(tools() / "node_modules" / name)
    (tmp_path / "program.mts").write_text("".join(blocks).replace("{{ library }}", "sdk"))
    told = json.loads((HERE / "programs/tsconfig.json").read_text())
    told["compilerOptions"] |= {"types": ["node"], "noEmit": False}
    (tmp_path / "tsconfig.json").write_text(json.dumps({**told, "include": ["program.mts"]}))
    run(tools() / "node_modules/.bin/tsc", "-p", ".", cwd=tmp_path)
    said = run(node(), "program.mjs", cwd=tmp_path, TOKEN=live.a.tokens["owner"])
    assert "/first_name" in said, "the create that fails says where"
    assert "req_" in said
