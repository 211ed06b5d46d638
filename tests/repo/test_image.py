"""There is no container engine where the tests run, so the Dockerfile is read for what must hold."""

import json
import re
from pathlib import Path

import pytest

from gateway.cli import COMMANDS

ROOT = Path(__file__).parents[2]

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def stages() -> list[list[Instruction]]:
    """The instructions of each stage, continuation lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    instructions = [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]
    starts = [index for index, (name, _) in enumerate(instructions) if name == "FROM"]
    return [instructions[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


def of(stage: list[Instruction], name: str) -> list[str]:
    return [rest for instruction, rest in stage if instruction == name]


def test_building_and_running_are_different_stages(stages: list[list[Instruction]]) -> None:
    assert len(stages) == 2
    assert of(stages[0], "FROM")[0].endswith(" AS build")
    assert of(stages[0], "FROM")[0].split()[0] == of(stages[1], "FROM")[0].split()[0], (
        "a venv fits one interpreter only"
    )


def test_what_is_installed_is_locked(stages: list[list[Instruction]]) -> None:
    installs = [part for run in of(stages[0], "RUN") for part in run.split("&&") if " install " in part]
    assert len(installs) == 3
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)


def test_the_final_stage_installs_nothing_and_has_no_installer(stages: list[list[Instruction]]) -> None:
    runs = " ".join(of(stages[1], "RUN"))
    assert not re.search(r"\b(apt-get|apk|gcc|make|install|hatchling)\b", runs)
    assert "pip uninstall" in runs
    copies = of(stages[1], "COPY")
    assert [copy for copy in copies if "--from=build" in copy] == ["--from=build /opt/gateway /opt/gateway"]
    assert "venv --without-pip /opt/gateway" in " ".join(of(stages[0], "RUN"))


def test_it_does_not_run_as_root_and_cannot_change_its_own_code(stages: list[list[Instruction]]) -> None:
    (user,) = of(stages[1], "USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user), "numeric, so that an orchestrator can see that it is not root"
    assert [name for name, _ in stages[1]].index("USER") < [name for name, _ in stages[1]].index("ENTRYPOINT")
    assert "chown" not in " ".join(copy for copy in of(stages[1], "COPY") if "/opt/gateway" in copy)


def test_health_is_asked_of_the_gateway_itself_wherever_it_was_told_to_listen(stages: list[list[Instruction]]) -> None:
    (check,) = of(stages[1], "HEALTHCHECK")
    assert json.loads(check.partition("CMD ")[2]) == ["gateway", "healthy"]
    assert "healthy" in COMMANDS


def test_processes_get_their_signals(stages: list[list[Instruction]]) -> None:
    assert json.loads(of(stages[1], "ENTRYPOINT")[0]) == ["gateway"], "exec form: no shell swallows SIGTERM"
    assert json.loads(of(stages[1], "CMD")[0]) == ["serve"]


def test_the_build_sees_only_what_it_copies(stages: list[list[Instruction]]) -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        source
        for stage in stages
        for copy in of(stage, "COPY")
        if "--from" not in copy
        for source in [word for word in copy.split() if not word.startswith("--")][:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)
