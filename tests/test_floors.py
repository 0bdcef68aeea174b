"""The floors of the house: who may import whom, read off the source."""

import ast
from pathlib import Path

import pytest

import splitparticles

HOUSE = Path(splitparticles.__file__).parent
FLOORS = {
    0: {
        "_validate",
        "_vector_math",
        "_store",
        "_threads",
        "progress",
        "result_files",
        "stein_identities",
    },
    1: {
        "_compile",
        "score",
        "targets",
        "particles",
        "preconditioning",
        "report",
        "tables",
        "draws",
    },
    2: {
        "_blocks",
        "kernels",
        "laplace",
        "activations",
        "losses",
        "sharded",
        "tempering",
        "transforms",
        "curved",
    },
    3: {
        "_stein_loops",
        "kernel_sums",
        "network_sums",
        "exploration",
        "straightening",
        "settling",
    },
    4: {"_stein_pairs", "_stein_tiles"},
    5: {"stein_sums"},
    6: {"objectives"},
    7: {"moves", "growth"},
    8: {
        "distances",
        "plotting",
        "continuation",
        "nearest",
        "weighting",
        "quadrature",
        "bottleneck",
        "pruning",
        "watched",
    },
    9: {"result"},
    10: {"loop"},
    11: {"descent", "front_door"},
    12: {"score_coordinates", "compression", "estimators"},
    13: {"planning"},
    14: {"sampling", "cli"},
    15: {"score_check"},
    16: {"diagnosis", "__main__"},
}
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}


def imports(path):
    """Rooms of this house that a file imports, its own folder left out."""
    inside = path.relative_to(HOUSE).parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            steps = list(inside[: len(inside) - node.level])
            steps += node.module.split(".") if node.module else []
            names = [steps[0]] if steps else [alias.name for alias in node.names]
            yield from (name for name in names if name != inside[0].removesuffix(".py"))


FILES = [p for p in HOUSE.rglob("*.py") if p != HOUSE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_data_flows_down_the_floors(path):
    room = path.relative_to(HOUSE).parts[0].removesuffix(".py")
    for other in imports(path):
        assert FLOOR[other] < FLOOR[room], f"{room} must not import {other}"


def test_every_room_has_its_floor():
    rooms = {p.relative_to(HOUSE).parts[0].removesuffix(".py") for p in FILES}
    assert rooms <= set(FLOOR)


def test_no_move_imports_a_growth_and_no_sum_an_object():
    for folder, other in (("moves", "growth"), ("growth", "moves")):
        for path in (HOUSE / folder).glob("*.py"):
            assert other not in set(imports(path))
    below = {"_blocks", "_compile", "_threads", "kernels"}
    assert set(imports(HOUSE / "kernel_sums.py")) == below
    loops = {"_stein_loops", "_stein_pairs", "_stein_tiles"}
    assert set(imports(HOUSE / "stein_sums.py")) == below | loops
    assert set(imports(HOUSE / "_stein_loops.py")) == {"_blocks", "_compile"}
