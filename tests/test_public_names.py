"""What `import splitparticles as sp` shows, and what it costs."""

import inspect
import operator
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import splitparticles as sp

API = (Path(__file__).parents[1] / "docs/api.rst").read_text()
ENTRIES = re.findall(r"^   (\w[\w.]*)$", API, re.MULTILINE)  # of the summary tables
MODULES = {"plotting", "estimators", "deep", "testing", "targets", "transforms"}
MODULES |= {"activations", "losses"}
ON_DEMAND = {"plotting", "estimators", "deep", "testing"}


def thing_of(name):
    """Public thing of a name; the test is skipped where PyTorch is missing."""
    if name.startswith("deep"):
        pytest.importorskip("torch")
    return operator.attrgetter(name)(sp)


def test_dir_shows_the_public_names_and_nothing_else():
    assert set(dir(sp)) == {*sp.__all__, *ON_DEMAND}
    assert len(sp.__all__) == len(set(sp.__all__))


@pytest.mark.parametrize("name", sorted({*sp.__all__, *ON_DEMAND}))
def test_every_public_name_exists_is_documented_and_stands_on_the_api_page(name):
    thing = thing_of(name)
    assert inspect.getdoc(thing)
    if name in MODULES or name == "__version__":
        assert re.search(rf"``(sp\.)?{name}``", API)
    else:
        assert ENTRIES.count(name) == 1


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_public_name_of_a_module_stands_on_the_api_page(module):
    thing = thing_of(module)
    names = getattr(thing, "__all__", None) or [
        name
        for name, value in vars(thing).items()
        if isinstance(value, type) and value.__module__.startswith(thing.__name__)
    ]
    shown = {entry.rsplit(".", 1)[-1] for entry in ENTRIES}
    assert {name for name in names if not name.startswith("_")} <= shown


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_of_the_api_page_exists(entry):
    assert thing_of(entry) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'smaple'"):
        sp.smaple  # noqa: B018


def test_an_import_brings_nothing_heavy():
    heavy = {"matplotlib", "sklearn", "dask", "pandas", "arviz", "pytest"}
    heavy |= {"scipy.stats", "pymc", "pytensor", "jax", "numpyro", "torch"}
    heavy |= {"bridgestan", "statsmodels"}
    code = f"import sys, splitparticles\nprint({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_show_versions_prints_what_a_bug_report_needs(capsys):
    sp.show_versions()
    lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert lines["Python"] == platform.python_version()
    assert lines["splitparticles"] == sp.__version__
    assert lines["numpy"] == np.__version__
    assert int(lines["threads"]) >= 1
    assert {"platform", "scipy", "numba", "matplotlib", "loops"} <= set(lines)
