"""No module needs one that needs it: neither when it is loaded, nor later, nor for its types alone."""

from __future__ import annotations

import graphlib

import grimp
import pytest


def test_there_are_no_circles_of_imports() -> None:
    graph = grimp.build_graph("adapters", "gateway", "openapi", "sandbox", "sdk")
    needed = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(needed) > 500
    try:
        graphlib.TopologicalSorter(needed).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" → ".join(error.args[1]))
