"""The fit of partially non-centred coordinates."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.coordinates.fit_noncentred import fit_noncentred
from splitparticles.coordinates.score_sample import ScoreSample
from splitparticles.testing.oracles import close


@pytest.fixture
def funnel(rng):
    """Particles of a funnel, its scores and Jacobians, in turned coordinates."""
    n, d = 40, 5
    target = sp.targets.Funnel(d, 1.0)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    x = target.sample(n, rng)
    columns = [target.score_product(x, np.broadcast_to(e, x.shape)) for e in np.eye(d)]
    J = turn.T @ np.stack(columns, axis=2) @ turn
    return ScoreSample(x @ turn, target.score(x) @ turn, J, np.full(n, 1.0 / n))


def test_a_funnel_becomes_gaussian_given_its_scale(funnel):
    whitened = funnel.through(funnel.whitening())
    change = fit_noncentred(whitened)
    fitted = whitened.through(change)
    assert fitted.variation() < 1e-3 * whitened.variation()
    close(fitted.s[:, 1:], -fitted.z[:, 1:], 1e-2)
    # every coordinate of a funnel but the first is scaled by it
    np.testing.assert_allclose(change.inner.fraction, 1.0, atol=0.02)


def test_a_particle_without_any_curvature_is_no_error(funnel):
    funnel.J[3] = 0.0
    whitened = funnel.through(funnel.whitening())
    assert np.isfinite(fit_noncentred(whitened).to_user(whitened.z)).all()


def test_no_coordinates_are_fitted_without_the_curvature_of_a_maximum(funnel):
    uphill = funnel._replace(J=np.broadcast_to(np.eye(5), funnel.J.shape))
    for fit in (ScoreSample.whitening, fit_noncentred):
        with pytest.raises(ValueError, match="no curvature of a maximum"):
            fit(uphill)
