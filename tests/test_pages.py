"""The examples of the pages under docs/start and docs/guides run and say the truth."""

import doctest
from pathlib import Path

import matplotlib
import pytest

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(
    p for folder in ("start", "guides") for p in (DOCS / folder).glob("*.rst")
)


@pytest.mark.filterwarnings("ignore:.*constrained_layout.*")
@pytest.mark.parametrize(
    "page", [p for p in PAGES if ">>>" in p.read_text()], ids=lambda page: page.stem
)
def test_examples_of_a_page(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    try:
        failed, tried = doctest.testfile(str(page), module_relative=False)
    finally:
        plt.close("all")
    assert tried and not failed
