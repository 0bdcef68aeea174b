"""Summaries: digits, their alignment, what is escaped."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import splitparticles as sp
from splitparticles._display import SHOWN, aligned, counted, rounded

NASTY = "<script>alert('&')</script>"


class Tags(HTMLParser):
    """Tags and texts of HTML, in their order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def result():
    rng = np.random.default_rng(0)
    draws = rng.normal([5.0, -100.0, 1e-3], [2.0, 30.0, 1e-4], size=(500, 3))
    return sp.compress(draws, 8, names=["mass", NASTY, "theta[0]"])


@pytest.mark.parametrize(
    "value, scale, text",
    [
        (5.0312, 2.01, "5.0"),
        (0.0012345, 0.000123, "0.00123"),
        (1234567.0, 23456.0, "1234567"),
        (9.96, 9.96, "10"),
        (0.999, 0.0996, "1.00"),
        (-0.001, 2.0, "0.0"),
        (1e12, 3.0, "1e+12"),
        (1e-15, 3e-14, "1e-15"),
        (1.5, 0.0, "1.5"),
        (np.nan, 1.0, "nan"),
        (1.0, np.inf, "1"),
    ],
)
def test_the_second_significant_digit_of_the_scale_is_the_last(value, scale, text):
    assert rounded(value, scale) == text


def test_decimal_points_stand_below_each_other():
    cells = aligned(["1.25", "-100", "3e-07", "nan", "12.5"])
    assert len({len(cell) for cell in cells}) == 1
    assert [cell.rstrip() for cell in cells] == [
        "   1.25",
        "-100",
        "   3e-07",
        " nan",
        "  12.5",
    ]


def test_one_is_singular():
    assert [counted(k, "particle") for k in (0, 1, 2)] == [
        "0 particles",
        "1 particle",
        "2 particles",
    ]


def test_a_result_has_a_table_of_moments(result):
    lines = repr(result).splitlines()
    assert lines[0].startswith("8 particles in 3 dimensions, discrepancy ")
    assert lines[2].split() == "mean sd 25 % 50 % 75 %".split()
    name, *numbers = lines[3].split()
    expected = [result.mean()[0], result.std()[0], *result.quantile([0.25, 0.5, 0.75])]
    expected = [*expected[:2], *(q[0] for q in expected[2:])]
    assert name == "mass"
    np.testing.assert_allclose([float(x) for x in numbers], expected, atol=0.051)
    points = [[k for k, c in enumerate(line) if c == "."] for line in lines[3:6:2]]
    assert points[0] == points[1]  # aligned


def test_the_first_coordinates_are_shown_and_the_others_counted():
    many = sp.ParticleSet(np.eye(SHOWN + 3))
    html = many._repr_html_()
    assert f"x{SHOWN - 1}" in html and f"x{SHOWN}" not in html
    assert "and 3 more" in html
    result = sp.compress(np.eye(SHOWN + 3), 2)
    assert "  and 3 more" in repr(result).splitlines()


@pytest.mark.parametrize("weights", [[1.0, -1.0], [1.0, -3.0], [2.0, -1.0]])
def test_signed_weights_have_no_quartiles(weights):
    particles = sp.ParticleSet([[1.0], [2.0]], weights)
    html = particles._repr_html_()
    assert "25 %" not in html and ("mean" in html) == (sum(weights) != 0.0)


def test_particle_sets_are_short():
    assert repr(sp.ParticleSet([[1.0]])) == "ParticleSet(1 particle in 1 dimension)"
    assert repr(sp.ParticleSet(np.eye(3))) == "ParticleSet(3 particles in 3 dimensions)"


def test_html_is_escaped_and_warnings_are_bold(result):
    page = Tags(replace(result, warnings=[NASTY])._repr_html_())
    assert set(page.tags) == {"div", "br", "strong", "table", "tr", "td"}
    assert page.tags.count("tr") == 4 and page.tags.count("strong") == 1
    assert NASTY in [text.strip() for text in page.texts]
    assert f"warning: {NASTY}" in page.texts


def test_a_report_shows_the_same_in_a_shell_and_a_notebook():
    report = sp.Report()
    report.measure(NASTY, 0.5, 1.0, "")
    assert repr(report) == str(report) == f"ok\n  {NASTY}  0.5"
    report.measure("rows", 1200, 5, NASTY)
    page = Tags(report._repr_html_())
    assert "script" not in page.tags and "strong" in page.tags
    assert any("rows is 1.2e+03, more than 5" in text for text in page.texts)
