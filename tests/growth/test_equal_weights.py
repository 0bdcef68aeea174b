import numpy as np

import splitparticles as sp
from splitparticles.growth.equal_weights import Equalised


def test_equal_weights_stay_equal(eight):
    F, p = eight
    grown = Equalised(sp.SteepestSplit())(F, p, 2, np.random.default_rng(0))
    np.testing.assert_allclose(grown.particles.weights, 1 / 10)


def test_equal_weights_leave_out_a_particle_that_would_weigh_too_much():
    F = sp.MMD(sp.Gaussian(1.0), [[0.0], [5.0]], [0.98, 0.02])
    one, rng = sp.ParticleSet([[0.0]]), np.random.default_rng(0)
    little = sp.Insertion(reach=10.0)(F, one, 1, rng).particles
    np.testing.assert_allclose(little.weights[1], 0.02, atol=1e-3)
    alike = Equalised(sp.Insertion(reach=10.0))(F, one, 1, rng)
    assert not alike and alike.particles is one
