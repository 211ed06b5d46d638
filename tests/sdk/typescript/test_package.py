"""The package of TypeScript's client: types that are true, every way to import it, its size, and always the same bytes."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sdk.typescript.package import archive, files, runtime
from tests.sdk.typescript.toolchain import HERE, contract, node, packed, run, tools, workshop

# The first run installs the tools.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workshop(tmp_path_factory.mktemp("project"))


@pytest.fixture
def tsc() -> Path:
    return tools() / "node_modules/.bin/tsc"


@pytest.mark.parametrize("release", ["typescript", "typescript-5"])
def test_the_types_let_through_what_is_right_and_nothing_else(tmp_path: Path, release: str) -> None:
    """By the newest compiler, and by the one that most projects still have: all else is compiled by the newest, which is quick."""
    workshop(tmp_path)
    shutil.copytree(HERE / "programs", tmp_path / "programs")
    run(node(), tools() / "node_modules" / release / "bin/tsc", "-p", "programs", cwd=tmp_path)


@pytest.mark.parametrize("where", ["webworker", "node"])
def test_the_runtime_is_checked_strictly_and_is_what_its_declarations_say(
    tmp_path: Path, tsc: Path, where: str
) -> None:
    """In a worker there is nothing but what all platforms have; only signing in needs Node."""
    (tmp_path / "node_modules").symlink_to(tools() / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    told = json.loads((HERE / "runtime.tsconfig.json").read_text())
    web = where == "webworker"
    told["compilerOptions"] |= {"types": [] if web else ["node"], "lib": ["es2022", "webworker" if web else "dom"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(told))
    for name in ("written", "declared"):
        (tmp_path / name).mkdir()
    same: list[str] = []
    for name, text in runtime().items():
        module = name.split(".")[0]
        if web and module == "login":
            continue
        # TypeScript reads a declaration instead of the JavaScript beside it, so the two lie apart here.
        of_no_code = f"{module}.js" not in runtime()
        if name.endswith(".js") or of_no_code:
            (tmp_path / "written" / name).write_text(text)
        if name.endswith(".d.ts"):
            (tmp_path / "declared" / name).write_text(text)
            if not of_no_code:
                same.append(
                    f"import * as d{len(same)} from '../declared/{module}.js'; import * as w{len(same)} from './{module}.js';"
                    f"export const s{len(same)}: typeof d{len(same)} = w{len(same)};"
                )
    assert len(same) > 5
    (tmp_path / "written/same.ts").write_text("\n".join(same))
    run(tsc, "-p", ".", cwd=tmp_path)


def test_publint_finds_nothing(project: Path) -> None:
    said = run(tools() / "node_modules/.bin/publint", "node_modules/sdk", "--pack", "false", "--strict", cwd=project)
    assert "All good" in said


def test_the_types_are_found_however_it_is_imported(project: Path) -> None:
    shutil.copy(HERE / "check_types.mjs", tools())
    assert json.loads(run(node(), "check_types.mjs", project / "node_modules/sdk", cwd=tools())) == []


def test_both_kinds_of_modules_have_the_same_in_them(project: Path) -> None:
    program = """
        import { createRequire } from "node:module";
        const told = {};
        for (const entry of ["sdk", "sdk/login"])
          told[entry] = [Object.keys(await import(entry)), Object.keys(createRequire(import.meta.url)(entry))];
        console.log(JSON.stringify(told));
    """
    told = json.loads(run(node(), "--input-type=module", "-e", program, cwd=project))
    for modern, common in told.values():
        assert sorted(modern) == sorted(common)
    assert {"Client", "webhooks", "RateLimited", "RecordNotFound"} <= set(told["sdk"][0])


def test_what_is_for_tests_is_there_with_a_test_token_alone(project: Path) -> None:
    program = """
        import { Client } from "sdk";
        const asked = [];
        const fetch = async (url, { method }) => {
          asked.push(`${method} ${new URL(url).pathname}`);
          return Response.json({ data: { sandbox: "biz_x" } }, { status: 201 });
        };
        const made = await new Client({ token: "gw_test_pat_x", fetch }).test.createSandbox();
        let refused;
        try { new Client({ token: "gw_pat_x", fetch }).test; } catch (error) { refused = error.constructor.name; }
        console.log(JSON.stringify([made.sandbox, asked, refused]));
    """
    said = json.loads(run(node(), "--input-type=module", "-e", program, cwd=project))
    assert said == ["biz_x", ["POST /v1/test/sandboxes"], "TypeError"]


def test_the_runtime_is_at_most_12_kb_gzipped() -> None:
    code = "".join(text for name, text in sorted(runtime().items()) if name.endswith(".js"))
    assert len(gzip.compress(code.encode())) <= 12 * 1024


def test_a_resource_takes_at_most_70_lines() -> None:
    made = files(contract(), "sdk")
    lines = sum(1 for name in ("resources.js", "resources.d.ts") for line in made[name].splitlines() if line.strip())
    assert lines / len(contract().resources) <= 70


def test_the_same_contract_gives_the_same_bytes() -> None:
    assert archive(contract(), "sdk") == packed()
    assert archive(replace(contract(), brand="Another"), "sdk") != packed()


def test_it_depends_on_nothing_and_names_no_index() -> None:
    manifest = json.loads(files(contract(), "acme-api")["package.json"])
    assert manifest["name"] == "acme-api"
    assert manifest["version"] == contract().version
    assert not {"dependencies", "peerDependencies", "scripts"} & set(manifest)


def test_what_is_switched_off_is_absent() -> None:
    contacts = next(each for each in contract().resources if each.name == "contacts")
    left = replace(contacts, operations=tuple(each for each in contacts.operations if each.name != "delete"))
    without = replace(contract(), resources=(left,))
    made = files(without, "sdk")
    assert "delete(" not in made["resources.js"]
    assert "delete(" not in made["resources.d.ts"]
    assert "deals" not in made["index.js"]
