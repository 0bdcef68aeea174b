"""Sphinx: the pages of this folder, the API from the docstrings, the demos."""

import splitparticles

project = "splitparticles"
author = copyright = "the splitparticles developers"
release = splitparticles.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinxcontrib.bibtex",
    "sphinx_gallery.gen_gallery",
]
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
default_role = "py:obj"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
html_theme = "pydata_sphinx_theme"
exclude_patterns = ["_build", "auto_demos/*.ipynb", "sg_execution_times.rst"]
sphinx_gallery_conf = {
    "examples_dirs": "../demos",
    "gallery_dirs": "auto_demos",
    "filename_pattern": r"\.py",
    "doc_module": ("splitparticles",),
    "backreferences_dir": "auto_demos/backreferences",
}
