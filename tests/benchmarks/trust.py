"""How often `diagnose` passes right answers and doubts wrong ones.

    python tests/benchmarks/trust.py [FOLDER]

Right: default calls on targets whose moments are known and, with FOLDER (which holds
``rulers.py`` and ``posteriors/``), on six posteriors, judged right by their draws.
Wrong: one mode of two, collapsed funnels, scores of wrong sign or size, too few
particles, particles shrunk, shifted or drawn at random; densities without an integral,
scores cut off, in another law than their log density or with kinks, far clouds, a limb
of a bent density never reached.  What `sample` itself says of each is counted too.
"""

import argparse
import warnings

import numpy as np
from judging import reference
from posteriors import EASY

import splitparticles as sp


def gaussian(d, condition):
    """Score and log density of a Gaussian."""
    precision = np.geomspace(1.0, condition, d)
    return (lambda x: -precision * x), lambda x: -0.5 * (x**2 * precision).sum(axis=1)


def bells(k, gap, seed):
    """A mixture of k bells on a line, in turn with another direction."""
    rng = np.random.default_rng(seed)
    centres = gap * np.column_stack([np.arange(k), np.arange(k) % 2])
    return sp.GaussianMixture(rng.dirichlet(np.full(k, 5.0)), centres, np.ones(k))


def right_answers(folder):
    """Names, results and what `diagnose` is given."""
    for d in (2, 5, 10, 20):
        for condition in (1.0, 1e4):
            score, log_density = gaussian(d, condition)
            for seed in (0, 1):
                start = np.random.default_rng(seed).uniform(-2, 2, d)
                result = sp.sample(score, start, 64, rng=seed)
                yield f"Gaussian {d} {condition:g}", result, score, log_density
    for k in (2, 3, 4):
        target = bells(k, 6.0, k)
        for seed in (0, 1):
            start = np.random.default_rng(seed).uniform(-2, 2, 2)
            result = sp.sample(
                target.score, start, 64, log_density=target.log_density, rng=seed
            )
            yield f"{k} bells", result, target.score, target.log_density
    if folder is None:
        return
    targets, _ = reference(folder)
    for name in EASY:
        target = targets.load(name)
        for seed in (0, 1, 2):
            start = np.random.default_rng(seed).uniform(-2, 2, target.z.shape[1])
            result = sp.sample(target.score, start, 64, rng=seed)
            yield name, result, target.score, target.log_density


def moved(result, positions):
    """The same run with other particles."""
    flat = sp.ParticleSet(positions)
    return sp.Result(flat, 1.0, [], np.full(len(flat), -1), result.stop)


def wrong_answers():
    """Names, results and what `diagnose` is given."""
    for k in (2, 3, 4):
        target = bells(k, 6.0, k)
        for seed in (0, 1, 2):
            start = target.means[seed % k]
            result = sp.sample(target.score, start, 64, tempering=False, rng=seed)
            yield f"one of {k} bells", result, target.score, None
    for d in (3, 5, 9):
        funnel = sp.targets.Funnel(d)
        for seed in (0, 1):
            start = np.random.default_rng(seed).uniform(-2, 2, d)
            # coordinates that bend follow the funnels of three and five
            straight = {"preconditioner": "diagonal"} if d < 9 else {}
            result = sp.sample(funnel.score, start, 64, rng=seed, **straight)
            yield f"funnel {d}", result, funnel.score, funnel.log_density
    for d in (2, 5, 10):
        score, log_density = gaussian(d, 10.0)
        start = np.full(d, 0.7)
        twice = sp.sample(lambda x, s=score: 2 * s(x), start, 64, rng=0)
        yield f"doubled {d}", twice, lambda x, s=score: 2 * s(x), log_density
        half = sp.sample(lambda x, s=score: 0.5 * s(x), start, 64, rng=0)
        yield f"halved {d}", half, lambda x, s=score: 0.5 * s(x), log_density
        flipped = sp.sample(
            lambda x, s=score: -s(x), start, 16, rng=0, max_score_evals=3000
        )
        yield f"sign {d}", flipped, lambda x, s=score: -s(x), None
        right = sp.sample(score, start, 64, rng=0)
        yield f"shrunk {d}", moved(right, 0.75 * right.positions), score, None
        shifted = right.positions + 0.3 * right.std()
        yield f"shifted {d}", moved(right, shifted), score, None
        draws = np.random.default_rng(d).normal(size=(64, d))
        yield f"random {d}", moved(right, draws * right.std()), score, None
    yield "one of 9 bells", *_lonely()
    for d in (20, 40, 80):
        score, _ = gaussian(d, 10.0)
        for n in (8, 16):
            result = sp.sample(score, np.zeros(d), n, rng=0)
            yield f"{n} particles in {d}", result, score, None
    for name, score, x0, log_density in faults():
        # an emulator finds the way from far clouds and duplicates
        descends = {"emulator": False} if name in ("a far cloud", "duplicates") else {}
        options = {"log_density": log_density, "max_score_evals": 30_000, **descends}
        result = sp.sample(score, x0, 64, rng=0, **options)
        yield name, result, score, log_density


def faults():
    """Names, scores and starts of targets that no particles can stand for."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 2))
    labels = rows @ [1.0, 0.3] > 0

    def separable(x):
        return (labels - 1.0 / (1.0 + np.exp(-np.clip(x @ rows.T, -700, 700)))) @ rows

    def cut(x):
        return np.where((np.abs(x) < 1.5).all(axis=1, keepdims=True), -x, 0.0)

    normal, log_normal = gaussian(2, 1.0)
    yield "separable", separable, np.zeros(2), None
    yield "cut off", cut, [0.5, 0.2], None
    yield "flat", np.zeros_like, [0.5, 0.2], None
    yield "a flat direction", lambda x: x * [-1.0, 0.0], [0.5, 0.2], None
    yield "Gamma, d = 1", lambda x: 2.0 / x - 1.0, [1.5], None
    yield "Gamma, d = 2", lambda x: 2.0 / x - 1.0, [1.5, 1.2], None
    yield "kinks", lambda x: -np.sign(x), [0.7, 0.3], None
    yield "doubled", lambda x: -2.0 * x, [0.7, 0.3], log_normal
    yield "a far cloud", normal, 1e3 * rng.normal(size=(16, 2)), None
    yield "duplicates", normal, np.full((64, 2), 0.7), None
    yield "limb", *boxed_rosenbrock()


def boxed_rosenbrock():
    """Score of Rosenbrock's density in a box, in unconstrained coordinates."""
    box = sp.transforms.Bounded([-10.0, -10.0], [10.0, 10.0])

    def log_density(x):
        return -((1.0 - x[:, 0]) ** 2 + 100.0 * (x[:, 1] - x[:, 0] ** 2) ** 2) / 20.0

    def score(x):
        bend = x[:, 1] - x[:, 0] ** 2
        first = 2.0 * (1.0 - x[:, 0]) + 400.0 * bend * x[:, 0]
        return np.column_stack([first, -200.0 * bend]) / 20.0

    target = box.target(log_density, score)
    return target.score, np.zeros(2), target.log_density


def _lonely():
    """Nine modes on a grid, of which the run stays at the middle one."""
    centres = [[a, b] for a in (-4.0, 0.0, 4.0) for b in (-4.0, 0.0, 4.0)]
    target = sp.GaussianMixture(np.ones(9), centres, np.full(9, 0.2))
    result = sp.sample(target.score, [0.1, 0.1], 64, tempering=False, rng=0)
    return result, target.score, target.log_density


def main():
    """Print each answer that was judged wrongly, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--figures", action="store_true", help="of every answer")
    options = parser.parse_args()
    warnings.simplefilter("ignore", sp.SamplingWarning)
    for kind, answers in (
        ("right", right_answers(options.folder)),
        ("wrong", wrong_answers()),
    ):
        passed = total = successes = 0
        for name, result, score, log_density in answers:
            report = sp.diagnose(result, score=score, log_density=log_density)
            total, passed = total + 1, passed + report.ok
            successes += result.success
            if options.figures or report.ok != (kind == "right"):
                print(f"--- {kind}: {name}\n{report}", flush=True)
        print(f"{kind}: {passed} of {total} pass, {successes} succeed", flush=True)


if __name__ == "__main__":
    main()
