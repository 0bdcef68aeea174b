"""The page of warnings and errors holds every text that the package may print.

A text is a literal of the source: what is raised, and everything else of three words
or more that is neither documentation nor one of the labels and hints below.  In the
page an entry is a term in double backquotes at the begin of a line; three dots stand
for what a run fills in.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/when_it_goes_wrong.rst").read_text()
SOURCES = sorted((ROOT / "splitparticles").rglob("*.py"))
LABELS = {"_display.py", "_versions.py", "progress.py", "summary.py", "compiler.py"}
# what an argument should be, which other texts quote; types
HINT = re.compile(
    r"(of shape|of any shape|of \.\.\. num|that are|in \[|one or two|\(|.*->|.*\| None)"
)
OTHER = (
    "as NumPyro has them",
    "params of the fit",
    "the return value of",
    "... matrices of (",
    "a kernel matrix of",
    "..., chunk ...,",
    "..., variable ...,",
    "weights of ...",
    "rows of seen",
    "scores of seen",
    "shard_score for shard",
    "row_score at row",
    " of transforms[",
    " at row",
    "pytree",
    "it takes ...",
    "positive, of sum 1",
    "between ... and ...",
    "positive and finite",
    "an increasing sequence",
    "a mode was found",
    "the climb leads to a mode that is known",
    "a run with",
    "a run of ",
    "...; they are those of the start",
    "a random direction",
    ", and it is ",
    "did you mean",
    "... groups of masses",
    "...  ",
    "Network(... neurons,",
)
# parts of longer texts, which do not look like parts
PARTS = {
    "about ... the gradient of the log density",
    "at ... of ... points, as at ...",
    "the score was not learned",
}


def text_of(node):
    """A literal with three dots for its holes; None for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = [p.value if isinstance(p, ast.Constant) else "..." for p in node.values]
    return "".join(parts)


def descendants(nodes):
    return {id(child) for node in nodes for child in ast.walk(node)}


def texts(path):
    """Texts of a file that may be printed."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    silent = descendants(
        n for n in nodes if isinstance(n, ast.Expr) and text_of(n.value)
    )
    silent -= {id(n) for n in nodes if isinstance(n, ast.Call)}
    parts = [p for n in nodes if isinstance(n, ast.JoinedStr) for p in ast.walk(n)]
    silent |= {id(p) for p in parts if not isinstance(p, ast.JoinedStr)}
    raises = [n for n in nodes if isinstance(n, ast.Raise)]
    raised = descendants(raises)
    for node in nodes:
        text = text_of(node)
        if text is None or id(node) in silent or text.count(" ") < 2:
            continue
        if text.startswith(OTHER):
            continue
        if id(node) in raised:
            yield text
        elif path.name in LABELS or "plotting" in path.parts or HINT.match(text):
            continue
        elif path.name == "cli.py" and not text.startswith("splitparticles: "):
            continue
        else:
            yield text


TEXTS = {text for path in SOURCES for text in texts(path)}


def entries(page):
    """Terms of the page: special ones, and families of errors of arguments."""
    before, families = page.split("\nFamilies\n")
    terms = [
        re.findall(r"^``(.+?)``$", half, re.MULTILINE) for half in (before, families)
    ]
    return terms[0], terms[1]


def pattern(text):
    return ".*".join(re.escape(part) for part in text.split("..."))


def is_part(text):
    """Whether a longer text goes on before or behind."""
    return text in PARTS or text.startswith(("...", " ", ",", ";")) or text[-1] == " "


def covers(entry, text):
    """Whether an entry shows a text, whole or as a part of its own."""
    if re.fullmatch(pattern(entry), text.strip()):
        return True
    return is_part(text) and bool(re.search(pattern(text.strip(".,; ")), entry))


SPECIAL, FAMILIES = entries(PAGE)
SHOWN = {
    entry: {text for text in TEXTS if covers(entry, text)}
    for entry in SPECIAL + FAMILIES
}


def shown(some):
    return set().union(*(SHOWN[entry] for entry in some))


def test_every_text_has_an_entry():
    assert len(TEXTS) > 250
    assert shown(SPECIAL + FAMILIES) == TEXTS


@pytest.mark.parametrize("entry", SPECIAL)
def test_every_entry_is_the_only_special_one_of_some_text(entry):
    assert SHOWN[entry] - shown(other for other in SPECIAL if other != entry)


def test_every_family_has_members():
    assert all(SHOWN[family] - shown(SPECIAL) for family in FAMILIES)


def test_families_are_of_arguments_only():
    assert all(
        re.search(r"must|no argument|implemented|^\.{3}, got", text)
        for text in shown(FAMILIES)
    )
