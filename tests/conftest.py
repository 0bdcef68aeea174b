"""Settings of the whole suite: no deadline for property tests, since loops compile."""

import os

# the small matrices of tests lose time to a second thread; before NumPy is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("splitparticles", deadline=None, max_examples=30)
settings.load_profile("splitparticles")


@pytest.fixture
def rng():
    """A generator of fixed seed."""
    return np.random.default_rng(20_191_208)
