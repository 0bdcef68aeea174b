"""Fixtures of the tables of the command line."""

import numpy as np
import pytest

import splitparticles as sp


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def taken(monkeypatch):
    """What `compress` was called with."""
    calls = {}

    def recorded(draws, n_particles, **options):
        calls.update(options, draws=np.array(draws))
        return sp.compress([[0.0] * draws.shape[1]], 1, rng=0)

    monkeypatch.setattr("splitparticles.cli.compress", recorded)
    return calls
