"""Every constant that steers the method stands in docs/constants.rst, as it is."""

import ast
import re
from pathlib import Path

import splitparticles

HOUSE = Path(splitparticles.__file__).parent
PAGE = (Path(__file__).parents[1] / "docs/constants.rst").read_text()
ROW = re.compile(r"\* - ``(\S+ \w+)``\n +- ``(.+)``\n +- \S")
LARGEST_TUPLE = 3  # longer ones are data


def number(node):
    """Value of a numeric literal, arithmetic included; None for anything else."""
    if any(
        not isinstance(part, (ast.Constant, ast.UnaryOp, ast.BinOp, ast.operator))
        and not isinstance(part, ast.unaryop)
        for part in ast.walk(node)
    ):
        return None
    value = eval(compile(ast.Expression(node), "constant", "eval"))
    return value if type(value) in (int, float) else None


def constants(path):
    """Names and values of the upper-case numeric constants of a module."""
    for statement in ast.parse(path.read_text()).body:
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or not statement.value:
            continue
        targets = getattr(statement, "targets", None) or [statement.target]
        pairs = [(targets[0], statement.value)]
        if isinstance(targets[0], ast.Tuple) and isinstance(statement.value, ast.Tuple):
            pairs = zip(targets[0].elts, statement.value.elts, strict=True)
        for target, node in pairs:
            parts = node.elts if isinstance(node, ast.Tuple) else [node]
            values = tuple(map(number, parts))
            if None not in values and len(values) <= LARGEST_TUPLE and target.id.isupper():
                yield target.id, values


def test_the_page_has_every_constant_with_its_value():
    in_source = {
        f"{path.relative_to(HOUSE).as_posix()} {name}": values
        for path in sorted(HOUSE.rglob("*.py"))
        for name, values in constants(path)
    }
    on_page = {}
    for name, text in ROW.findall(PAGE):
        node = ast.parse(text, mode="eval").body
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        on_page[name] = tuple(map(number, parts))
    assert len(in_source) > 50
    assert on_page == in_source
