"""The RBF network of the papers: their formula."""

import numpy as np

import splitparticles as sp
from splitparticles.testing.oracles import close


def test_an_rbf_network_is_the_papers_formula():
    x = np.linspace(-2.0, 3.0, 23)
    y = np.cos(x)
    theta = np.array([[1.0, 0.5], [-2.0, 0.3], [0.4, -1.0]])
    w = np.array([1.5, -0.7, 0.2])
    F = sp.RBFNetwork(x, y)
    f = sum(
        wi * np.exp(-0.5 * (a * x + b) ** 2)
        for wi, (a, b) in zip(w, theta, strict=True)
    )
    p = sp.ParticleSet(theta, w)
    close([F.value(p)], [0.5 * ((f - y) ** 2).mean()], 1e-14)
    G = sp.RBFNetwork(x, y, masses=False)
    q = sp.ParticleSet(np.column_stack([w, theta]), np.ones(3))
    close([G.value(q)], [F.value(p)], 1e-14)
    h = [np.mean((f - y) * np.exp(-0.5 * (a * x + b) ** 2)) for a, b in theta]
    np.testing.assert_allclose(F.witness(p), h, atol=1e-14)
