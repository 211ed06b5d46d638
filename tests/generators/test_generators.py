"""The clients that the most used generators make of our document compile strictly, and do their work unmodified.

Each program creates a contact, finds it by a filter in a group, reads it and changes it. docs/decisions/ says what had to
be stubbed.

The quickest generator is given the whole document, and the others the reduced one: what they make of an operation follows from how it
is described, and the reduced one has in it every way that there is (tests/openapi/test_reduced.py). `make documents` gives all of
them the whole one.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.generators.toolchain import GO, HASTY, HERE, QUICK, Toolchain, installed, run
from tests.live import NEWEST, Live
from tests.openapi.reduced import reduced

pytestmark = pytest.mark.timeout(420)
PROGRAMS = HERE / "programs"
TARGETS: dict[str, dict[str, Any]] = {
    "typescript-fetch": {},
    "python": {"additionalProperties": {"packageName": "made"}},
    "java": {
        "library": "native",
        "additionalProperties": {"openApiNullable": "false", "hideGenerationTimestamp": "true"},
    },
    "go": {"additionalProperties": {"packageName": "made", "withGoMod": "false"}},
}


@pytest.fixture(scope="module")
def tools() -> Toolchain:
    return installed()


@pytest.fixture(scope="module")
def whole(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document as it is served, with the gateway's own address."""
    path = tmp_path_factory.mktemp("whole") / "openapi.json"
    path.write_bytes(live.client.get(f"/openapi/{NEWEST}.json").content)
    return path


@pytest.fixture(scope="module")
def document(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with few operations, those of the programs among them."""
    path = tmp_path_factory.mktemp("reduced") / "openapi.json"
    used = [f"contacts_{word}" for word in ("create", "get", "search", "update")]
    path.write_text(json.dumps(reduced(json.loads(whole.read_bytes()), used)))
    return path


@pytest.fixture(scope="module")
def made(tools: Toolchain, document: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """openapi-generator's clients, each in the folder of its name: made in one process, most of whose work is to start."""
    folder = tmp_path_factory.mktemp("made")
    # Without naming what is wanted it makes servers' halves of `webhooks` too, in the place of the APIs of the same tag.
    wanted = dict.fromkeys(("apis", "models", "supportingFiles"), "")
    nothing_else = wanted | dict.fromkeys(("apiTests", "modelTests", "apiDocs", "modelDocs"), "false")
    for name, more in TARGETS.items():
        own = {"generatorName": name, "inputSpec": str(document), "outputDir": str(folder / name), **more}
        (folder / f"{name}.json").write_text(json.dumps({**own, "globalProperties": nothing_else}))
    run("java", *QUICK, "-jar", tools.jar, "batch", "--threads", "2", *folder.glob("*.json"), cwd=folder)
    return folder


def worked(live: Live, at: Path, *line: str | Path, **env: str) -> None:
    """The program's four calls were about one contact, which is what it was changed to."""
    mark = f"made by {at.name}"
    said = run(*line, cwd=at, API=live.url, TOKEN=live.a.tokens["owner"], MARK=mark, **env).split()
    assert len(set(said[:3])) == 1, said
    assert said[3] == "Analyst"


def typescript(tools: Toolchain, at: Path, live: Live, program: str) -> None:
    """Compile under `strict` by the compiler that is no JavaScript, which takes a quarter of the CPU; bundle, run."""
    (at / "programs").mkdir(exist_ok=True)
    shutil.copy(PROGRAMS / program, at / "programs")
    run(tools.node / "node_modules/tsc/bin/tsc", "-p", ".", cwd=at)
    run(
        *(tools.script("esbuild"), f"programs/{program}", "--bundle", "--platform=node", "--format=esm"),
        *("--log-level=error", "--outfile=program.mjs"),
        cwd=at,
    )
    worked(live, at, "node", "program.mjs")


@pytest.fixture
def workshop(tools: Toolchain, tmp_path: Path) -> Path:
    (tmp_path / "node_modules").symlink_to(tools.node / "node_modules")
    for name in ("tsconfig.json", "orval.config.cjs"):
        shutil.copy(HERE / name, tmp_path)
    return tmp_path


def test_openapi_typescript_with_openapi_fetch(tools: Toolchain, workshop: Path, whole: Path, live: Live) -> None:
    run(tools.script("openapi-typescript"), whole, "-o", "made/openapi-typescript/api.ts", cwd=workshop)
    typescript(tools, workshop, live, "fetch.ts")


def test_hey_api_with_its_zod_plugin(tools: Toolchain, workshop: Path, document: Path, live: Live) -> None:
    plugins = ("-c", "@hey-api/client-fetch", "-p", "@hey-api/sdk", "@hey-api/typescript", "zod")
    run(tools.script("openapi-ts"), "-i", document, "-o", "made/hey-api", *plugins, cwd=workshop)
    typescript(tools, workshop, live, "hey.ts")


def test_orval_with_its_zod_client(tools: Toolchain, workshop: Path, document: Path, live: Live) -> None:
    env: dict[str, Any] = {"DOCUMENT": str(document), "API": live.url}
    run(tools.script("orval"), "--config", "orval.config.cjs", cwd=workshop, **env)
    typescript(tools, workshop, live, "orval.ts")


def test_openapi_generator_typescript_fetch(tools: Toolchain, workshop: Path, made: Path, live: Live) -> None:
    shutil.copytree(made / "typescript-fetch", workshop / "made/typescript-fetch")
    typescript(tools, workshop, live, "typescript-fetch.ts")


def test_openapi_python_client(tools: Toolchain, workshop: Path, document: Path, live: Live) -> None:
    line = ("-m", "openapi_python_client", "generate", "--path", document, "--output-path", "made", "--meta", "none")
    run(tools.python, *line, cwd=workshop)
    worked(live, workshop, tools.python, PROGRAMS / "python_client.py", PYTHONPATH=str(workshop))


def test_openapi_generator_python(tools: Toolchain, workshop: Path, made: Path, live: Live) -> None:
    worked(live, workshop, tools.python, PROGRAMS / "python.py", PYTHONPATH=str(made / "python"))


def test_openapi_generator_java(tools: Toolchain, workshop: Path, made: Path, live: Live) -> None:
    sources = [*made.glob("java/src/main/java/**/*.java"), PROGRAMS / "Program.java", PROGRAMS / "Generated.java"]
    # The generator's own jar has Jackson in it; what sends forms is Debian's.
    path = os.pathsep.join(str(each) for each in (tools.jar, *tools.classpath, workshop / "classes"))
    quick = [f"-J{option}" for option in QUICK]
    run("javac", *quick, "-proc:none", "-nowarn", "-cp", path, "-d", "classes", *sources, cwd=workshop)
    worked(live, workshop, "java", *QUICK, "-cp", path, "Program")


def test_openapi_generator_go(workshop: Path, made: Path, live: Live) -> None:
    source = workshop / "path/src"
    shutil.copytree(made / "go", source / "made")
    (source / "program").mkdir()
    shutil.copy(PROGRAMS / "main.go", source / "program")
    env = {"GO111MODULE": "off", "GOPATH": f"{workshop / 'path'}:{GO}", "GOFLAGS": "", "GOGC": "400"}
    run("go", "build", *HASTY, "-o", workshop / "program", "program", cwd=workshop, **env)
    worked(live, workshop, workshop / "program")
