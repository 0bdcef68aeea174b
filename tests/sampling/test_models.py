"""Models in place of scores: answers in the user's parameters."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.transforms import Joint, Positive, Real

GAMMA = Positive().target(lambda x: np.sum(2.0 * np.log(x) - 2.0 * x, axis=1))


class Duck:
    """Gamma(3, 2) of exp(z) beside a normal, with some of a model's attributes."""

    dim, names = 2, ["log_rate", "shift"]
    user_names, coords = ["rate", "shift"], {"town": ["A"]}
    dims, x0 = {"shift": ["town"]}, [0.5, 1.0]
    calls = 0

    def score(self, z):
        assert z.flags.writeable
        return np.column_stack([3.0 - 2.0 * np.exp(z[:, 0]), 4.0 - z[:, 1]])

    def log_density(self, z):
        Duck.calls += 1
        return 3 * z[:, 0] - 2 * np.exp(z[:, 0]) - 0.5 * (z[:, 1] - 4.0) ** 2

    def to_user(self, z):
        z[:, 0] = np.exp(z[:, 0])  # its argument is its own
        return z


@pytest.mark.parametrize("emulator", ["auto", False])
def test_an_answer_in_the_user_s_parameters(emulator):
    Duck.calls = 0
    result = sp.sample(Duck(), rng=0, emulator=emulator)
    assert result.names == ["rate", "shift"] and Duck.calls > 0
    np.testing.assert_allclose(result.mean(), [1.5, 4.0], atol=0.1)
    np.testing.assert_allclose(result.std(), [0.75**0.5, 1.0], atol=0.15)
    run = result.unconstrained
    assert run.names == ["log_rate", "shift"] and run.unconstrained is None
    np.testing.assert_array_equal(np.exp(run.positions[:, 0]), result.positions[:, 0])
    assert len(result.rounds) == len(run.rounds)
    last = result.rounds[-1].particles.positions
    np.testing.assert_array_equal(last[:, 0], result.positions[:, 0])
    assert (result.coords, result.dims) == (Duck.coords, Duck.dims)
    if emulator:
        draws = result.draws(4000, rng=0)
        assert (draws[:, 0] > 0.0).all()
        np.testing.assert_allclose(draws.mean(axis=0), [1.5, 4.0], atol=0.05)


def test_it_is_the_run_of_its_score():
    model = Duck()
    by_hand = sp.sample(model.score, model.x0, 32, log_density=model.log_density, rng=3)
    result = sp.sample(model, n_particles=32, rng=3)
    np.testing.assert_array_equal(by_hand.positions, result.unconstrained.positions)
    assert by_hand.n_score_evals == result.n_score_evals


def test_what_is_passed_counts_more_than_what_the_model_has():
    names = ["a", "b"]
    asked = []

    def log_density(z):
        asked.append(len(z))
        return Duck().log_density(z)

    other = [0.0, 3.0]
    result = sp.sample(Duck(), other, 8, log_density=log_density, names=names, rng=0)
    assert result.names == names and result.unconstrained.names == Duck.names
    assert asked


@pytest.mark.parametrize(
    "model",
    [
        sp.targets.Gaussian([1.0, 2.0], np.eye(2)),
        sp.targets.Banana(),
        sp.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]]),
        GAMMA,
        Joint(Real(1), Positive()).target(
            lambda x: -0.5 * x[:, 0] ** 2 + np.log(x[:, 1]) - x[:, 1]
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_targets_and_transforms_are_models(model):
    result = sp.sample(model, rng=0)
    assert result.success
    report = sp.diagnose(result, score=model)
    assert report.ok, report
    assert sp.check_score(model, rng=0).ok


def test_a_callable_that_has_a_score_of_its_own_is_no_model():
    class Wrapped:
        score = 3

        def __call__(self, z):
            return 1.0 - z

    assert sp.sample(Wrapped(), 2, 8, rng=0).success


def test_a_model_that_writes_nothing_down_but_its_score():
    model = sp.Model(score=lambda z: 1.0 - z, dim=3)
    result = sp.sample(model, n_particles=16, rng=0)
    np.testing.assert_allclose(result.mean(), 1.0, atol=0.02)
    assert result.unconstrained is None and result.names is None


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (lambda: Duck, {}, r"must be an instance, got the class Duck: write Duck\(\)"),
        (lambda: lambda x: -x, {}, "x0 must be"),
        (Duck, {"x0": [0.0]}, "x0 must have 2 coordinates, got 1"),
        (Duck, {"names": ["a"]}, "names must be 2 different strings"),
        (lambda: type("NoDim", (), {"score": None})(), {}, "a model needs dim"),
        (lambda: sp.Model(score=3, dim=1), {}, "score must be a callable"),
        (lambda: sp.Model(score=abs, dim=0), {}, "dim must be at least 1"),
        (lambda: sp.Model(score=abs, dim=2, names=["a"]), {}, "names must be 2"),
        (
            lambda: sp.Model(score=np.negative, dim=1, to_user=lambda z: z[:0]),
            {},
            "to_user",
        ),
        (
            lambda: sp.Model(score=np.negative, dim=1, to_user=lambda z: z * np.nan),
            {},
            "to_user must be finite",
        ),
        (
            lambda: sp.Model(
                score=np.negative, dim=2, to_user=lambda z: z[0], x0=np.ones((2, 2))
            ),
            {},
            "to_user must have shape",
        ),
    ],
)
def test_what_is_no_model_is_refused_by_name(make, options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sp.sample(make(), **options)


def test_a_log_density_in_place_of_a_score_is_shown_the_way():
    with pytest.raises(ValueError, match="from_log_density"):
        sp.sample(lambda x: -0.5 * (x**2).sum(axis=1), [0.0, 0.0])
    with pytest.raises(ValueError, match="from_log_density"):
        sp.sample(lambda x: -0.5 * x @ x, [0.0, 0.0], vectorized=False)


def test_a_score_that_raises_leaves_a_result_in_the_user_s_parameters():
    class Tired(Duck):
        left = 4

        def score(self, z):
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("tired")
            return super().score(z)

    with pytest.raises(RuntimeError, match="tired") as caught:
        sp.sample(Tired(), rng=0)
    assert caught.value.result.names == ["rate", "shift"]
    assert (caught.value.result.positions[:, 0] > 0.0).all()


def test_a_loaded_result_is_not_diagnosed_by_a_score_of_other_coordinates(tmp_path):
    sp.sample(GAMMA, n_particles=8, rng=0).save(tmp_path / "r.npz")
    with pytest.raises(ValueError, match="that of sample"):
        sp.diagnose(sp.load(tmp_path / "r.npz"), score=GAMMA)
