"""Axes without a window, and a run to draw."""

import matplotlib
import pytest

matplotlib.use("Agg")
from artists import CORNERS
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

import splitparticles as sp


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(scope="session")
def run():
    objective = sp.MMD(sp.Gaussian(1.0), CORNERS)
    return sp.descend(objective, sp.ParticleSet([[0.1, 0.2]]), n_particles=4)
