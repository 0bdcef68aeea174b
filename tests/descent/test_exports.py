"""Results handed to other libraries."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.descent.exports import variables

NAMES = ["mu", "theta[0]", "theta[1]", "L[0,0]", "L[0,1]", "L[1,0]", "L[1,1]"]


class Model:
    """Seven parameters in three arrays, and coordinates of one."""

    dim, user_names = 7, NAMES
    coords, dims = {"school": ["A", "B"], "unused": [1, 2, 3]}, {"theta": ["school"]}

    def score(self, z):
        return np.arange(7.0) - z


@pytest.fixture(scope="module", params=["auto", False])
def result(request):
    return sp.sample(Model(), emulator=request.param, rng=0)


def libraries():
    """ArviZ of this environment, before or after version 1."""
    try:
        import arviz_base
    except ImportError:
        return pytest.importorskip("arviz")
    return arviz_base


def test_columns_of_an_array_are_gathered():
    x = np.arange(14.0).reshape(2, 7)
    found = variables(NAMES, x)
    assert list(found) == ["mu", "theta", "L"]
    np.testing.assert_array_equal(found["mu"], [0.0, 7.0])
    np.testing.assert_array_equal(found["theta"], [[1.0, 2.0], [8.0, 9.0]])
    np.testing.assert_array_equal(found["L"][1], [[10.0, 11.0], [12.0, 13.0]])


@pytest.mark.parametrize(
    "names",
    [
        ["a[0]", "a[2]"],
        ["a[0]", "a[1,0]"],
        ["a", "a[0]"],
        ["a[x]", "a[y]"],
        ["a[1]", "a[2]"],
        ["a]", "b[["],
    ],
)
def test_cells_that_fill_no_array_stay_columns(names):
    found = variables(names, np.array([[1.0, 2.0]]))
    assert list(found) == names
    np.testing.assert_array_equal(np.column_stack(list(found.values())), [[1.0, 2.0]])


def test_a_dictionary(result):
    found = result.to_dict()
    assert list(found) == ["mu", "theta", "L", "weight"]
    assert found["L"].shape == (64, 2, 2)
    np.testing.assert_array_equal(found["theta"][:, 1], result.positions[:, 2])
    found["weight"][:] = 0.0
    found["mu"][:] = 0.0
    assert result.weights.min() > 0.0 and result.positions[:, 0].any()


def test_a_data_set_of_xarray(result):
    pytest.importorskip("xarray")
    data = result.to_xarray()
    assert data["theta"].dims == ("particle", "school")
    assert list(data["school"].values) == ["A", "B"] and "unused" not in data.coords
    mean = data["L"].weighted(data["weight"]).mean("particle")
    np.testing.assert_allclose(mean.values.ravel(), result.mean()[3:])
    assert data.attrs["n_score_evals"] == result.n_score_evals


def test_arviz_gets_draws_and_particles(result):
    libraries()
    data = result.to_arviz(rng=0)
    theta = data["posterior"]["theta"]
    assert theta.dims == ("chain", "draw", "school") and theta.shape == (4, 250, 2)
    draws = data["posterior"]["L"].values.reshape(1000, 4)
    np.testing.assert_allclose(draws.mean(axis=0), [3.0, 4.0, 5.0, 6.0], atol=0.15)
    np.testing.assert_allclose(draws.std(axis=0), 1.0, atol=0.15)
    np.testing.assert_array_equal(
        data["particles"]["mu"].values[0], result.positions[:, 0]
    )
    weights = data["particle_stats"]["weight"].values[0]
    np.testing.assert_allclose(weights, result.weights)
    assert data["posterior"].attrs["inference_library"] == "splitparticles"
    if result.sampler is None:
        rows = data["sample_stats"]["particle"].values.ravel()
        np.testing.assert_array_equal(draws, result.positions[rows, 3:])
    else:
        assert len(np.unique(draws, axis=0)) == 1000


def test_the_same_rng_gives_the_same_draws_and_options_count_more(result):
    libraries()
    a, b = (result.to_arviz(40, rng=3)["posterior"]["mu"].values for _ in range(2))
    np.testing.assert_array_equal(a, b)
    data = result.to_arviz(40, coords={"k": [7, 8]}, dims={"theta": ["k"]}, rng=0)
    assert list(data["posterior"]["k"].values) == [7, 8]


def test_a_file_of_netcdf_and_back(result, tmp_path):
    library = libraries()
    pytest.importorskip("h5netcdf"), pytest.importorskip("h5py")
    data = result.to_arviz(100, rng=0)
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    if hasattr(library, "from_netcdf"):
        again = library.from_netcdf(tmp_path / "run.nc")
    else:
        again = pytest.importorskip("xarray").open_datatree(tmp_path / "run.nc")
    np.testing.assert_array_equal(
        again["posterior"]["theta"].values, data["posterior"]["theta"].values
    )
    assert again["posterior"].attrs["stop"] == result.stop.name
    again.close()


def test_its_effective_sizes_mean_something():
    arviz = pytest.importorskip("arviz")
    result = sp.sample(Model(), rng=0)
    summary = arviz.summary(result.to_arviz(2000, rng=0))
    assert (summary["ess_bulk"] > 1000).all() and (summary["r_hat"] < 1.02).all()
    np.testing.assert_allclose(summary["mean"], np.arange(7.0), atol=0.1)


@pytest.mark.parametrize("n_draws", [0, 3, 2.5, "a"])
def test_a_bad_number_of_draws_is_named(result, n_draws):
    with pytest.raises((TypeError, ValueError), match="n_draws"):
        result.to_arviz(n_draws)


def test_a_mapped_or_compressed_result_goes_out_too():
    libraries()
    draws = np.random.default_rng(0).normal(size=(500, 2))
    result = sp.compress(draws, 16, names=["a", "b"], rng=0)
    data = result.mapped(np.exp, ["ea", "eb"]).to_arviz(64, rng=0)
    assert data["posterior"]["ea"].values.min() > 0.0
