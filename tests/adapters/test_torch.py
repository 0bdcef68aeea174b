import numpy as np
import pytest
from adapter_checks import EFFECTS, ERRORS, check_model, eight_schools

import splitparticles as sp

torch = pytest.importorskip("torch")
from torch import distributions as dist  # noqa: E402


def schools(p):
    effects, errors = torch.from_numpy(EFFECTS), torch.from_numpy(ERRORS)
    tau = p["log_tau"].exp()
    number = {"validate_args": False}
    prior = dist.Normal(0.0, 5.0, **number).log_prob(p["mu"])
    prior = prior + dist.HalfCauchy(5.0, **number).log_prob(tau) + p["log_tau"]
    prior = prior + dist.Normal(0.0, 1.0, **number).log_prob(p["z"]).sum()
    theta = p["mu"] + tau * p["z"]
    return prior + dist.Normal(theta, errors, **number).log_prob(effects).sum()


START = {"mu": 0.0, "log_tau": torch.zeros(()), "z": np.zeros(8)}


def test_tensors_by_their_names_are_a_model_in_double_precision():
    model = sp.from_torch(schools, START)
    check_model(model, eight_schools, slopes=1e-8)
    assert torch.get_default_dtype() == torch.float32
    assert model.names == ["mu", "log_tau", *(f"z[{k}]" for k in range(8))]


def normal(x):
    return -0.5 * (x**2).sum()


def test_one_tensor_keeps_its_shape():
    def log_density(x):
        assert x.shape == (2, 2) and x.dtype == torch.float64
        return normal(x)

    model = sp.from_torch(log_density, torch.ones((2, 2), requires_grad=True))
    assert model.names == ["x[0,0]", "x[0,1]", "x[1,0]", "x[1,1]"]
    check_model(model, lambda x: -0.5 * (x**2).sum(1), slopes=1e-7)
    assert sp.from_torch(normal, 1.0).names == ["x"]


@pytest.mark.parametrize("look", [lambda x: x.sum().item() > 0, lambda x: x.sum() > 0])
def test_rows_go_one_by_one_where_vmap_cannot(look):
    def log_density(x):
        return normal(x) if look(x) else 2 * normal(x)

    model = sp.from_torch(log_density, [0.5, 0.5])

    def wanted(x):
        return -np.where(x.sum(1) > 0, 0.5, 1.0) * (x**2).sum(1)

    check_model(model, wanted, slopes=1e-7)


def test_closures_keep_no_graph_and_nothing_of_theirs_changes():
    weight = torch.ones(2, dtype=torch.float64, requires_grad=True)
    start = torch.zeros(2)
    model = sp.from_torch(lambda x: normal(x * weight), start)
    check_model(model, lambda x: -0.5 * (x**2).sum(1), slopes=1e-7)
    assert weight.grad is None and (start == 0).all()


def test_a_run():
    model = sp.from_torch(lambda x: normal((x - 3.0) / 2.0), np.zeros(2))
    run = sp.sample(model.score, model.x0, 16, log_density=model.log_density, rng=0)
    np.testing.assert_allclose(run.mean(), 3.0, atol=0.01)


@pytest.mark.parametrize(
    "log_density, x0, words",
    [
        (lambda x: x, np.zeros(2), "log_density must return a real number, got"),
        (lambda x: 3.0, np.zeros(2), "log_density must return a real number, got 3.0"),
        (lambda x: x.sum() > 0, np.zeros(2), "log_density must return a real number"),
        (3, np.zeros(2), "log_density must be a callable"),
        (normal, {"a": 1j}, r"x0 \(a\) must be real numbers"),
        (normal, torch.tensor([0.0, np.nan]), "x0 must be finite"),
        (normal, {}, "x0 must hold at least one number"),
    ],
)
def test_what_is_no_log_density_or_start_is_refused(log_density, x0, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sp.from_torch(log_density, x0)


def test_tensors_in_single_precision_are_told_by_a_note():
    data = torch.ones((3, 2))
    with pytest.raises(RuntimeError) as error:
        sp.from_torch(lambda x: normal(data @ x), np.zeros(2))
    assert "log_density got float64: are all of its tensors" in error.value.__notes__[0]
