"""The order of the rooms: no import climbs, no room and no file grows too large."""

import ast
from pathlib import Path

import pytest

import splitparticles

HOUSE = Path(splitparticles.__file__).parent
FLOORS = [
    {"stop", "_compiled", "_validation", "_keywords", "_files", "_linalg", "_display"},
    {"particles", "kernels", "scores", "coordinates", "draws", "targets"}
    | {"transforms", "_versions"},
    {"objectives", "modes", "emulator", "plotting", "adapters"},
    {"moves", "growth", "networks", "distances", "learning"} | {"diagnostics"},
    {"descent"},
    {"sampling", "compression", "deep"},
    {"estimators", "resume", "cli"},
    {"__init__", "testing", "__main__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
LONGEST_FILE = 300
LARGEST_ROOM = 0.12


def room_of(path):
    """First folder or file below the package."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path):
    """Files of the package that a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        for name in [alias.name for alias in node.names]:
            for found in (base / f"{name}.py", base / name / "__init__.py"):
                if found.exists():
                    yield found
                    break
            else:
                whole = base.with_suffix(".py")
                yield whole if whole.exists() else base / "__init__.py"


FILES = sorted(HOUSE.rglob("*.py"))
ARROWS = [(path, target) for path in FILES for target in imports(path)]


def test_every_room_has_a_floor():
    assert {room_of(path) for path in FILES} == set(FLOOR)


def test_no_import_climbs_or_stays_on_its_floor():
    for path, target in ARROWS:
        here, there = room_of(path), room_of(target)
        assert here == there or FLOOR[there] < FLOOR[here], (path, target)


@pytest.mark.parametrize("room", sorted(FLOOR))
def test_inside_a_room_no_files_import_each_other_in_a_circle(room):
    inside = {
        path: {b for a, b in ARROWS if a == path and room_of(b) == room and b != path}
        for path in FILES
        if room_of(path) == room
    }
    while inside:
        leaves = {path for path, needs in inside.items() if not needs & set(inside)}
        assert leaves, sorted(map(str, inside))
        for path in leaves:
            del inside[path]


def test_no_file_and_no_room_is_too_large():
    lines = {path: len(path.read_text().splitlines()) for path in FILES}
    assert not {p.name for p, n in lines.items() if n > LONGEST_FILE}
    total = sum(lines.values())
    for room in FLOOR:
        own = sum(n for path, n in lines.items() if room_of(path) == room)
        assert own <= LARGEST_ROOM * total, room
