from collections import namedtuple

import numpy as np
import pytest
from adapter_checks import EFFECTS, ERRORS, check_model, eight_schools, points

import splitparticles as sp

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
from jax.scipy import stats  # noqa: E402

START = {"mu": 0.0, "theta": {"log_tau": np.zeros(()), "z": [0.0] * 8}}


def schools(p):
    mu, log_tau, z = p["mu"], p["theta"]["log_tau"], jnp.stack(p["theta"]["z"])
    tau = jnp.exp(log_tau)
    prior = stats.norm.logpdf(mu, 0, 5) + stats.norm.logpdf(z).sum()
    prior += jnp.log(2.0) + stats.cauchy.logpdf(tau, 0, 5) + log_tau
    return prior + stats.norm.logpdf(EFFECTS, mu + tau * z, ERRORS).sum()


def test_a_pytree_of_one_point_is_a_model_in_double_precision():
    model = sp.from_jax(schools, START)
    check_model(model, eight_schools, slopes=1e-8)
    assert model.names == ["mu", "theta.log_tau", *(f"theta.z[{k}]" for k in range(8))]


def test_the_flag_of_precision_is_left_alone_and_does_not_matter():
    before = jax.config.jax_enable_x64
    x = points(sp.from_jax(schools, START))
    wanted = sp.from_jax(schools, START).score(x)
    try:
        for flag in (True, False):
            jax.config.update("jax_enable_x64", flag)
            model = sp.from_jax(schools, START)
            np.testing.assert_allclose(model.score(x), wanted, rtol=1e-13)
            assert jax.config.jax_enable_x64 == flag
            assert jnp.zeros(1).dtype == (jnp.float64 if flag else jnp.float32)
    finally:
        jax.config.update("jax_enable_x64", before)


FEATURES = np.random.default_rng(0).normal(size=(20, 3))


@pytest.mark.parametrize(
    "log_density",
    [
        lambda x: -jnp.square(FEATURES[0] - x).sum(),
        lambda x: -jnp.logaddexp(0.0, FEATURES @ x).sum(),
        lambda x: -jax.jit(lambda y: jnp.square(FEATURES - y).sum())(x),
        lambda x: jax.nn.logsumexp(-jnp.square(FEATURES - x)),
    ],
)
def test_the_users_single_precision_and_ours_do_not_meet(log_density):
    def users():
        x = jnp.ones(3)
        answers = log_density(x), jax.jit(log_density)(x), jax.grad(log_density)(x)
        assert all(a.dtype == jnp.float32 for a in answers)
        return np.concatenate([np.ravel(a) for a in answers])

    before = users()
    model = sp.from_jax(log_density, np.zeros(3))
    x = np.random.default_rng(1).normal(size=(5, 3))
    scores, products = model.score(x), model.score_product(x, x)
    np.testing.assert_array_equal(users(), before)
    again = sp.from_jax(log_density, np.zeros(3))
    np.testing.assert_array_equal(again.score(x), scores)
    np.testing.assert_array_equal(again.score_product(x, x), products)
    np.testing.assert_array_equal(users(), before)
    check_model(again, lambda x: again.log_density(x), slopes=1e-8)


Layer = namedtuple("Layer", "w b")


@pytest.mark.parametrize(
    "x0, names",
    [
        (1.0, ["x"]),
        (jnp.ones(2), ["x[0]", "x[1]"]),
        ([1.0, 2], ["x[0]", "x[1]"]),
        (Layer(np.ones((1, 2)), 0), ["w[0,0]", "w[0,1]", "b"]),
        ({"l": [Layer([1.0], 0.0)]}, ["l[0].w[0]", "l[0].b"]),
        ({"theta": np.float32([1, 2])}, ["theta[0]", "theta[1]"]),
    ],
)
def test_names_are_the_paths_of_the_tree(x0, names):
    def log_density(p):
        assert jax.tree_util.tree_structure(p) == jax.tree_util.tree_structure(x0)
        return -0.5 * sum((leaf**2).sum() for leaf in jax.tree_util.tree_leaves(p))

    model = sp.from_jax(log_density, x0)
    assert model.names == names
    check_model(model, lambda x: -0.5 * (x**2).sum(1), slopes=1e-7)


def test_a_compiler_meets_few_sizes():
    shapes = []

    def log_density(x):
        shapes.append(1)  # once for each compilation
        return -0.5 * (x**2).sum()

    model = sp.from_jax(log_density, np.zeros(3))
    shapes.clear()
    for n in range(1, 65):
        x = np.random.default_rng(n).normal(size=(n, 3))
        np.testing.assert_allclose(model.score(x), -x)
        assert model.log_density(x).shape == (n,)
    assert len(shapes) == 7  # 1, 2, 4 ... 64


def test_a_run_by_its_derivatives():
    model = sp.from_jax(lambda x: -0.5 * (((x - 3.0) / 2.0) ** 2).sum(), jnp.zeros(2))
    run = sp.sample(model.score, model.x0, 16, log_density=model.log_density,
                    score_product=model.score_product, rng=0)  # fmt: skip
    np.testing.assert_allclose(run.mean(), 3.0, atol=0.01)


@pytest.mark.parametrize(
    "log_density, x0, words",
    [
        (lambda x: x, np.zeros(2), "log_density must return a real number, got"),
        (lambda x: (x.sum(), 1), np.zeros(2), "log_density must return a real number"),
        (lambda x: x.sum() > 0, np.zeros(2), "log_density must return a real number"),
        (3, np.zeros(2), "log_density must be a callable"),
        (jnp.sum, {"a": 1j}, r"x0 \(a\) must be real numbers"),
        (jnp.sum, {"a": "x"}, r"x0 \(a\) must be real numbers"),
        (jnp.sum, jnp.array([0.0, jnp.nan]), "x0 must be finite"),
        (jnp.sum, {}, "x0 must hold at least one number"),
    ],
)
def test_what_is_no_log_density_or_start_is_refused(log_density, x0, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sp.from_jax(log_density, x0)
