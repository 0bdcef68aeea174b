"""Every constant that steers the method stands in docs/constants.rst, as it is."""

import ast
import re
from pathlib import Path

import splitparticles

HOUSE = Path(splitparticles.__file__).parent
PAGE = (Path(__file__).parents[1] / "docs/constants.rst").read_text()
ROW = re.compile(r"\* - ``(\S+ \w+)``\n +- ``(.+)``\n +- \S")
LONGEST = 3  # tuples that are longer hold data


def numbers(node):
    """Values of a numeric literal or a tuple of such; nothing for anything else."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    try:
        found = [eval(ast.unparse(part), {"__builtins__": {}}) for part in parts]
    except (NameError, TypeError):
        return []
    are_numbers = all(type(value) in (int, float) for value in found)
    return found if are_numbers and len(found) <= LONGEST else []


def constants(path):
    """Names and values of the upper-case numeric constants of a module."""
    for statement in ast.parse(path.read_text()).body:
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
            continue
        target = getattr(statement, "target", None) or statement.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            pairs = zip(target.elts, statement.value.elts, strict=True)
        else:
            pairs = [(target, statement.value)]
        for name, node in pairs:
            if isinstance(name, ast.Name) and name.id.isupper() and numbers(node):
                yield name.id, numbers(node)


def test_the_page_has_every_constant_with_its_value():
    in_source = {
        f"{path.relative_to(HOUSE).as_posix()} {name}": values
        for path in sorted(HOUSE.rglob("*.py"))
        for name, values in constants(path)
    }
    on_page = {
        name: numbers(ast.parse(text, mode="eval").body)
        for name, text in ROW.findall(PAGE)
    }
    assert len(in_source) > 50
    assert on_page == in_source
