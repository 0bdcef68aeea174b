import numpy as np
import pytest

from splitparticles.emulator.prior import Hyperbolic
from splitparticles.testing.oracles import close, differences

STEP = 1e-4


@pytest.mark.parametrize("power", [1.0, 0.25])
@pytest.mark.parametrize("d", [1, 3])
def test_its_derivatives_are_differences(power, d, rng):
    prior = Hyperbolic(1.7, power)
    z, u, v = rng.normal(size=(3, 6, d))
    close(prior.score(z), differences(prior.log_density, z), 1e-8)
    ahead, behind = prior.score(z + STEP * v), prior.score(z - STEP * v)
    close(prior.product(z, v), (ahead - behind) / (2.0 * STEP), 1e-7)
    ahead, behind = prior.product(z + STEP * v, u), prior.product(z - STEP * v, u)
    close(prior.curvature(z, u, v), (ahead - behind) / (2.0 * STEP), 1e-7)


def test_it_is_a_normal_near_0_and_exponential_far_out():
    prior = Hyperbolic(2.0)
    z = np.array([[1e-3, 0.0], [1e6, 0.0]])
    np.testing.assert_allclose(prior.score(z), [[-1e-3, 0.0], [-2.0, 0.0]], rtol=1e-6)
    z = np.array([[3.0, 4.0]])
    np.testing.assert_allclose(prior.log_density(z), 4.0 - 2.0 * np.sqrt(29.0))
