"""Stan's door, by a double of BridgeStan's model in Python: it cannot be built here."""

import threading
import time

import numpy as np
import pytest
from adapter_checks import check_model, eight_schools, schools_to_user

import splitparticles as sp


class EightSchools:
    """Eight schools with the methods of ``bridgestan.StanModel`` that are asked for."""

    def __init__(self, threads="true"):
        self.info = f"Stan C++ Defines:\n\tSTAN_THREADS={threads}\n\tSTAN_MPI=false"
        self.threads = set()

    def model_info(self):
        return self.info

    def param_unc_num(self):
        return 10

    def param_unc_names(self):
        return ["mu", "tau", *(f"z.{k}" for k in range(1, 9))]

    def param_names(self, *, include_tp=False, include_gq=False):
        names = self.param_unc_names()
        return [*names, *(f"theta.{k}" for k in range(1, 9))] if include_tp else names

    def param_constrain(self, theta_unc, *, include_tp=False, include_gq=False):
        user = schools_to_user(theta_unc[None])[0]
        values = [user[:2], theta_unc[2:], *([user[2:]] if include_tp else [])]
        return np.concatenate(values)

    def log_density_gradient(self, theta_unc, *, propto=True, jacobian=True):
        self.threads.add(threading.current_thread())
        assert theta_unc.shape == (10,) and not propto and jacobian
        if theta_unc[1] > 50:
            raise RuntimeError("normal_lpdf: Scale parameter is inf")
        h = 1e-4
        steps = h * np.eye(10)
        ends = [eight_schools(theta_unc + k * steps) for k in (-2, -1, 1, 2)]
        slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h)
        return float(eight_schools(theta_unc[None])[0]), slope


def test_it_is_the_posterior_with_its_jacobian():
    model = sp.from_stan(EightSchools())
    check_model(model, eight_schools, slopes=1e-6)
    assert model.names[:3] == ["mu", "tau", "z[0]"]
    assert model.user_names[:2] == ["mu", "tau"] and model.user_names[-1] == "theta[7]"
    x = np.random.default_rng(0).normal(size=(5, 10))
    user = model.to_user(x)
    np.testing.assert_allclose(user[:, [0, 1, *range(10, 18)]], schools_to_user(x))


class Rate(EightSchools):
    """A gamma density of shape 3 and rate 2."""

    def param_unc_num(self):
        return 1

    def param_unc_names(self):
        return ["rate"]

    def param_names(self, *, include_tp=False, include_gq=False):
        return ["rate"]

    def param_constrain(self, theta_unc, *, include_tp=False, include_gq=False):
        return np.exp(theta_unc)

    def log_density_gradient(self, theta_unc, *, propto=True, jacobian=True):
        rate = np.exp(theta_unc)
        constant = 0.0 if propto else np.log(4.0)
        return float(constant + 3 * theta_unc[0] - 2 * rate[0]), 3 - 2 * rate


def test_a_run_is_the_posterior():
    model = sp.from_stan(Rate())
    run = sp.sample(model.score, model.x0, 32, log_density=model.log_density, rng=0)
    user = run.mapped(model.to_user, model.user_names)
    assert user.names == ["rate"]
    np.testing.assert_allclose(user.mean(), 1.5, rtol=0.01)
    np.testing.assert_allclose(user.std(), np.sqrt(3) / 2, rtol=0.1)
    assert run.log_evidence == pytest.approx(0.0, abs=0.02)  # constants included


def test_a_point_that_stan_rejects_is_outside():
    model = sp.from_stan(EightSchools())
    x = np.zeros((2, 10))
    x[1, 1] = 60.0
    values, scores = model.log_density(x), model.score(x)
    assert np.isfinite(values[0]) and values[1] == -np.inf
    assert np.isfinite(scores[0]).all() and np.isnan(scores[1]).all()


def test_rows_go_to_threads_only_where_stan_is_built_for_them(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    for flag, most in [("true", 4), ("false", 1)]:
        stan = EightSchools(flag)
        slow = stan.log_density_gradient

        def with_rest(row, slow=slow, **options):
            time.sleep(0.01)
            return slow(row, **options)

        stan.log_density_gradient = with_rest
        model = sp.from_stan(stan)
        stan.threads.clear()
        x = np.random.default_rng(0).normal(size=(12, 10))
        np.testing.assert_array_equal(model.log_density(x)[:1], eight_schools(x[:1]))
        assert len(stan.threads) == most
        assert (threading.current_thread() in stan.threads) == (flag == "false")


class FarAway(EightSchools):
    """A model that rejects zero and most other points."""

    def log_density_gradient(self, theta_unc, **options):
        if not theta_unc[0] > 1.9:
            raise RuntimeError("mu is too low")
        return super().log_density_gradient(theta_unc, **options)


class Nowhere(EightSchools):
    def log_density_gradient(self, theta_unc, **options):
        raise RuntimeError("y is negative")


def test_the_start_is_where_stan_has_a_density():
    np.testing.assert_array_equal(sp.from_stan(EightSchools()).x0, np.zeros(10))
    model = sp.from_stan(FarAway())
    assert model.x0[0] > 1.9 and (np.abs(model.x0) <= 2).all()
    np.testing.assert_array_equal(model.x0, sp.from_stan(FarAway()).x0)
    with pytest.raises(RuntimeError, match="no start among 101, got .* y is negative"):
        sp.from_stan(Nowhere())


@pytest.mark.parametrize("bad", [None, 3, "a.stan", EightSchools])
def test_what_is_no_stan_model_is_refused(bad):
    with pytest.raises(TypeError, match="model must be a bridgestan.StanModel, got"):
        sp.from_stan(bad)


def test_bridgestan_has_what_is_asked_of_it():
    bridgestan = pytest.importorskip("bridgestan")
    from splitparticles.adapters.stan import METHODS

    assert all(callable(getattr(bridgestan.StanModel, name)) for name in METHODS)
