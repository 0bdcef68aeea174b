"""One table of options: what each public callable takes, and what it refuses by name.

A kind of option is a pair: values that are taken, values that are refused.  A public
callable or parameter that is not in the table fails a test.
"""

import gc
import inspect
import pickle
import re
from operator import attrgetter

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from option_kinds import FINITE, MMD, RUN, SQUARED, TANH, TWO, X, normal
from options_of_doors import DOORS
from options_of_others import OTHERS
from options_of_pieces import PIECES

import splitparticles as sp

TABLE = {**DOORS, **PIECES, **OTHERS}

# results, protocols and bases, which callers do not make
NO_OPTIONS = set(
    "Report Result Round Stop Moved Grown FirstVariation ExpectationError "
    "CheckpointError RowError Model ResultFileError SamplingWarning StoreWarning "
    "Move Growth Objective Discrepancy "
    "show_versions Linear Quadratic activations.RBF activations.Tanh losses.Logistic "
    "losses.Loss losses.Softmax losses.Squared targets.Target targets.GaussianMixture "
    "transforms.Transform".split()
)
METHODS_OF = {
    "ParticleSet": TWO,
    "Result": RUN,
    "Preconditioner": None,
    "GaussianMixture": sp.GaussianMixture([1.0], [[0.0]], [1.0]),
    "targets.LogisticRegression": None,
}
CHECKED_ARRAYS = {
    "to_user",
    "to_working",
    "pulled",
    "pulled_product",
    "log_determinant",
}
CHECKED_ARRAYS |= {"product", "then", "score", "log_density", "score_product"}
CHECKED_ARRAYS |= {"score_curvature", "of_components"}
MODULES = ["targets", "transforms", "activations", "losses", "estimators", "plotting"]


def public_names():
    """Names of the public callables, and of the methods of those that have options."""
    names = {name for name in sp.__all__ if callable(getattr(sp, name))}
    for module in MODULES:
        names |= {f"{module}.{name}" for name in attrgetter(module)(sp).__all__}
    for kind in METHODS_OF:
        for name, _ in inspect.getmembers(attrgetter(kind)(sp), inspect.isroutine):
            if not name.startswith("_") and name not in CHECKED_ARRAYS:
                names.add(f"{kind}.{name}")
    return names - NO_OPTIONS


def parameters(name):
    """Names of the parameters of a public callable."""
    signature = inspect.signature(attrgetter(name)(sp))
    kinds = {p.name: p.kind for p in signature.parameters.values()}
    options = {
        n for n, kind in kinds.items() if kind is not inspect.Parameter.VAR_KEYWORD
    }
    return options - {"self", "ax"}


def called(name, **options):
    """The callable with what else it needs; estimators are fitted."""
    kind, _, method = name.rpartition(".")
    instance = METHODS_OF.get(kind)
    function = getattr(instance, method) if instance else attrgetter(name)(sp)
    made = function(**TABLE[name][0] | options)
    if name.startswith("estimators"):
        made.fit(np.arange(12.0)[:, None], np.arange(12) % 2)
    return made


def test_the_table_has_all_public_callables_and_parameters():
    wanted = {name: parameters(name) for name in public_names()}
    wanted = {name: options for name, options in wanted.items() if options}
    in_table = {name: set(options) for name, (_, options) in TABLE.items() if options}
    assert in_table == wanted


@pytest.fixture(autouse=True)
def closed_figures(request):
    yield
    plt.close("all")
    if "animate" in request.node.name:
        gc.collect()  # a film that was not saved warns then


CASES = [(name, option) for name, (_, options) in TABLE.items() for option in options]
WORDS = {"draws_or_target": "draws", "kernel_class": "kernel_class|profile"}


def shown(value):
    return repr(value)[:40]


@pytest.mark.parametrize("name, option", CASES)
def test_a_bad_value_is_refused_by_name(name, option):
    word = WORDS.get(option, option)
    accepted, unclear = [], []
    for bad in TABLE[name][1][option][1]:
        try:
            called(name, **{option: bad})
        except (TypeError, ValueError) as error:
            clear = re.search(rf"\b({word})\b.*\b(got|need)\b", str(error), re.DOTALL)
            if not clear:
                unclear.append(f"{shown(bad)}: {error}")
        else:
            accepted.append(shown(bad))
    assert not accepted and not unclear


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@pytest.mark.filterwarnings("ignore:Animation was deleted")
@pytest.mark.parametrize("name, option", CASES)
def test_a_good_value_is_taken(name, option):
    for good in TABLE[name][1][option][0]:
        called(name, **{option: good})


class Counting:
    """Score that knows how often it was called."""

    calls = 0

    def __call__(self, x):
        self.calls += 1
        return -x


@pytest.mark.parametrize("option", [o for o in TABLE["sample"][1] if o != "score"])
def test_a_bad_option_of_sample_is_refused_before_any_score(option):
    score = Counting()
    for bad in TABLE["sample"][1][option][1]:
        with pytest.raises((TypeError, ValueError)):
            called("sample", score=score, **{option: bad})
    assert score.calls == 0


def test_no_memory_is_asked_for_what_it_cannot_hold():
    bytes_of = {
        r"n_particles must fit in memory: .10+, 2. numbers need 1.49e\+22 GiB": (
            lambda: sp.sample(normal, [0.0, 0.0], 10**30)
        ),
        r"x0 must .* 4 matrices of \(1000000, 1000000\) need 2.98e\+04 GiB": (
            lambda: sp.sample(normal, np.zeros(10**6))
        ),
        r"draws must .* need 2.98e\+04 GiB": (
            lambda: sp.compress(np.zeros((1, 10**6)))
        ),
        r"particles must .* a kernel matrix of 2000000 particles need 1.49e\+05 GiB": (
            lambda: sp.optimal_weights(MMD, sp.ParticleSet(np.zeros((2 * 10**6, 2))))
        ),
        r"n_particles must .* GiB": lambda: sp.descend(MMD, TWO, n_particles=10**15),
    }
    for words, call in bytes_of.items():
        with pytest.raises(ValueError, match=words):
            call()


def test_positional_parts_are_instances():
    for several in (sp.BestOf, sp.OrElse):
        with pytest.raises(TypeError, match="got the class Insertion"):
            several(sp.Insertion)
        with pytest.raises(TypeError, match="growth must be a callable .* got 3"):
            several(3)
        with pytest.raises(ValueError, match="at least one growth"):
            several()
    for bad in ((), (3,), (sp.transforms.Real,)):
        with pytest.raises(TypeError, match="transforms must be some Transforms, got"):
            sp.transforms.Joint(*bad)


def test_numbers_that_go_together():
    with pytest.raises(ValueError, match="needs a step, got None"):
        sp.GradientDescent(search=False)
    for options in ({"cost": len}, {"budget": 1.0}):
        with pytest.raises(ValueError, match="cost and budget go together"):
            sp.SteepestSplit(**options)
    with pytest.raises(ValueError, match="masses are for one output"):
        sp.Network(TANH, SQUARED, X, np.ones((3, 2)), masses=True)


@pytest.mark.parametrize("factor", [*FINITE[1], 10**400], ids=shown)
def test_a_factor_of_an_objective_is_a_finite_number(factor):
    with pytest.raises((TypeError, ValueError), match="factor must be"):
        factor * MMD


@pytest.mark.parametrize(
    "move",
    [
        sp.LBFGS(max_iter=0),
        sp.Adam(max_iter=0),
        sp.GradientDescent(max_iter=0),
        sp.GradientDescent(max_iter=0, search=False, step=0.1),
    ],
    ids=repr,
)
def test_no_steps_leave_the_particles(move):
    moved = move(MMD, TWO)
    assert moved.steps == 0 and not moved.converged
    assert np.array_equal(moved.particles.positions, TWO.positions)
    assert moved.value == MMD.value(TWO)


def test_a_kernel_that_is_checked_is_a_tuple_as_before():
    kernel = sp.InverseMultiquadric(2.0, exponent=-1)
    assert kernel == (2.0, -1) and kernel._replace(bandwidth=3) == (3, -1)
    assert inspect.signature(sp.Gaussian).parameters["bandwidth"].default == 1.0
    assert pickle.loads(pickle.dumps(kernel)) == kernel
