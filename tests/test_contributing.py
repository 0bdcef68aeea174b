import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, flags=re.DOTALL)


def test_each_recipe_shows_source():
    assert len(BLOCKS) == PAGE.count("## A new")


@pytest.mark.parametrize("path, code", BLOCKS, ids=[path for path, _ in BLOCKS])
def test_the_recipes_are_the_real_source(path, code):
    assert code in (ROOT / path).read_text()


def test_every_source_named_in_a_docstring_is_in_the_bibliography():
    known = set(re.findall(r"@\w+\{(\w+),", (ROOT / "docs/references.bib").read_text()))
    named = set()
    for path in (ROOT / "splitparticles").rglob("*.py"):
        named |= set(re.findall(r"``([A-Z]+\d\d)``", path.read_text()))
    assert named and named <= known
