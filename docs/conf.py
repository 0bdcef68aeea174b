"""Sphinx: the pages of this folder, the API from the docstrings, the demos.

The built site asks no other host for anything: formulas are drawn by a MathJax of
ours, which django-static-mathjax brings as files.  Links to the objects of other
libraries need their inventories, so they are made where ``DOCS_ONLINE`` is set only.
"""

import os
import sys
from importlib.resources import files
from importlib.util import find_spec

import splitparticles

sys.path.insert(0, os.path.dirname(__file__))  # films.py

project = "splitparticles"
author = copyright = "the splitparticles developers"
release = splitparticles.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "matplotlib.sphinxext.plot_directive",
    "sphinxcontrib.bibtex",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
default_role = "py:obj"
rst_prolog = ".. currentmodule:: splitparticles\n"  # `sample` is splitparticles.sample
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_demos/*.ipynb", "sg_execution_times.rst"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say it shorter
python_maximum_signature_line_length = 80
if find_spec("torch") is None:  # the pages of splitparticles.deep need no more of it
    import splitparticles.estimators  # whose libraries would try the mock on import

    autodoc_mock_imports = ["torch"]
autosummary_filename_map = {  # names that differ from others by their case only
    "splitparticles.ksd": "splitparticles.ksd_distance",
    "splitparticles.mmd": "splitparticles.mmd_distance",
}
napoleon_numpy_docstring = True
toc_object_entries_show_parents = "hide"

intersphinx_mapping = {
    "python": ("https://docs.python.org/3", None),
    "numpy": ("https://numpy.org/doc/stable", None),
    "scipy": ("https://docs.scipy.org/doc/scipy", None),
    "matplotlib": ("https://matplotlib.org/stable", None),
    "sklearn": ("https://scikit-learn.org/stable", None),
}
if "DOCS_ONLINE" not in os.environ:
    intersphinx_mapping = {}

html_theme = "pydata_sphinx_theme"
html_title = "splitparticles"
html_favicon = "_static/logo-light.svg"
html_static_path = ["_static", str(files("mathjax") / "static/mathjax/es5/tex-svg.js")]
html_css_files = ["site.css"]
html_sidebars = {"when_it_goes_wrong": [], "about": []}
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {
        "text": "splitparticles",
        "image_light": "_static/logo-light.svg",
        "image_dark": "_static/logo-dark.svg",
    },
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
}
mathjax_path = "tex-svg.js"

plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = True
plot_formats = [("png", 140)]
plot_rcparams = {"figure.constrained_layout.use": True, "font.size": 9}
plot_apply_rcparams = True

sphinx_gallery_conf = {
    "examples_dirs": "../demos",
    "gallery_dirs": "auto_demos",
    "filename_pattern": r"\.py",
    "image_scrapers": ("films.shown", "matplotlib"),
    "doc_module": ("splitparticles",),
    "backreferences_dir": "auto_demos/backreferences",
    "write_computation_times": False,
    "show_signature": False,
}
