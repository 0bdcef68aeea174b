"""`sample` beside samplers and particle methods of other packages, at equal score rows.

    pip install blackjax ksddescent     # a rival that is missing shows a dash
    python tests/benchmarks/rivals.py FOLDER [-n 64] [--starts 3] [--only NAME ...]

FOLDER holds ``rulers.py`` and ``posteriors/``.  From each start, uniform in [-2, 2]^d,
the default call of `sample` runs first; the rows that it handed to the score are what
each rival may spend.  A figure is the squared energy distance to the reference draws
over that of n exact independent draws, the worst start; for a rival it is that of the
setting which, seen afterwards, suited that start best.

plain       `sample` without splits: n draws of N(start, I) for a start cloud, rows of
            its own; in the second table, n draws of the mode's Gaussian
NUTS        blackjax from the start, diagonal or dense mass matrix, adapted in Stan's
            windows on half of the rows at most.  Judged by all its draws, whose number
            is in the table; thinned: by n of them, evenly spaced
SVGD        blackjax with its median heuristic, Adam with a cosine decay and Adagrad at
            several step sizes, from n draws of N(start, I) or of N(0, I)
KSD         ksddescent, L-BFGS from the same clouds; inverse multiquadric or Gaussian
            at the median distance of its cloud or of the reference draws, which no user
            knows.  Derivatives of the score are one-sided differences, a row each, and
            the best of its last four states counts

The rivals work in the coordinates of the target, as their users call them.  A second
table gives them more, at no rows: the coordinates whitened by the curvature at the mode
uphill of the mean that `sample` found, and a standard normal cloud in them.
"""

import argparse
import warnings
from itertools import product

import numpy as np
from judging import energy_share_of, finite, forgiving, in_jax, reference, whitened
from posteriors import EASY, HARD

import splitparticles as sp
from splitparticles.modes.climb import find_mode

try:
    import blackjax
    import jax
    import optax
    from blackjax.adaptation.window_adaptation import base, build_schedule

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)
except ImportError:
    blackjax = None
try:
    import torch
    from ksddescent import ksdd_lbfgs
except ImportError:
    ksdd_lbfgs = None

RATES = {"adam": (1.0, 0.3, 0.1, 0.03, 0.01), "adagrad": (3.0, 1.0, 0.3, 0.1)}
LONGEST_WARMUP = 1000  # steps, Stan's own
HEAD = "rows (plain)   ours    plain     NUTS  thinned     SVGD      KSD  draws"
DIFFERENCE = 1e-6  # step of the score's derivatives for KSD descent


class Spent(Exception):
    """The rows are used up."""


class Nuts:
    """Chains of one target with one kind of mass matrix; compiled once."""

    def __init__(self, logp_score, diagonal):
        self.f = f = in_jax(logp_score)
        kernel = blackjax.nuts.build_kernel()
        self.step = jax.jit(lambda key, at, *tuned: kernel(key, at, f, *tuned))
        self.first, update, self.final = base(is_mass_matrix_diagonal=diagonal)
        self.update = jax.jit(update)
        self.steps = LONGEST_WARMUP

    def warmup(self, start, steps, rows, seed):
        """State, tuning (None if the rows did not do), rows used, steps done."""
        state, adapted = blackjax.nuts.init(start, self.f), self.first(start, 1.0)
        used, keys = 1, jax.random.split(jax.random.key(seed), steps)
        for done, stage in enumerate(build_schedule(steps)):
            tuned = adapted.step_size, adapted.inverse_mass_matrix
            state, info = self.step(keys[done], state, *tuned)
            used += int(info.num_integration_steps)
            if used > rows:
                return state, None, used, done
            adapted = self.update(adapted, stage, state.position, info.acceptance_rate)
        return state, self.final(adapted), used, steps

    def draws(self, start, rows, seed):
        """Draws on so many score rows; what a warm-up too long spent is given back."""
        steps, tuned = self.steps, None
        while tuned is None:
            state, tuned, used, done = self.warmup(start, steps, rows // 2, seed)
            if tuned is None and done < 20:
                return np.empty((0, len(start)))
            steps = min(done, int(0.9 * steps))
        self.steps = int(1.2 * done)  # where the search from the next start begins
        kept, key = [], jax.random.key(seed + 1000)
        while True:
            key, one = jax.random.split(key)
            state, info = self.step(one, state, *tuned)
            used += int(info.num_integration_steps)
            if used > rows:
                return np.array(kept).reshape(-1, len(start))
            kept.append(np.asarray(state.position))


class Svgd:
    """Stein variational gradient descent on one target; compiled once an optimiser."""

    def __init__(self, logp_score):
        self.rows = 0

        def asked(x):
            batch = np.asarray(x).reshape(-1, x.shape[-1])
            self.rows += len(batch)
            return finite(logp_score(batch)[1]).reshape(x.shape)

        def score(x):
            shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
            return jax.pure_callback(asked, shape, x, vmap_method="expand_dims")

        self.methods = {}
        for name in RATES:
            optimiser = optax.inject_hyperparams(getattr(optax, name))(1.0)
            method = blackjax.svgd(score, optimiser)
            self.methods[name] = method.init, jax.jit(method.step)

    def clouds(self, cloud, rows):
        """Yield the last cloud of each optimiser and step size."""
        steps = rows // len(cloud)
        for name, rate in [(key, r) for key in RATES for r in RATES[key]]:
            init, step = self.methods[name]
            before = self.rows
            state = init(jax.numpy.asarray(cloud), {"length_scale": np.float64(1.0)})
            for k in range(steps):
                decay = 0.5 + 0.5 * np.cos(np.pi * k / steps) if name == "adam" else 1.0
                now = jax.numpy.asarray(rate * decay)
                state.opt_state.hyperparams["learning_rate"] = now
                state = step(state)
            assert self.rows - before == steps * len(cloud), "rows miscounted"
            yield np.asarray(state.particles)


def torch_score(logp_score, budget, seen):
    """Score that torch can differentiate; keeps the points and counts the rows."""
    spent = 0

    def asked(x):
        nonlocal spent
        spent += len(x)
        if spent > budget:
            raise Spent
        return finite(logp_score(x)[1], 1e15)

    class Score(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.x = x.detach().numpy().astype(float)
            ctx.s = asked(ctx.x)
            seen.append(ctx.x)
            return torch.tensor(ctx.s, dtype=x.dtype)

        @staticmethod
        def backward(ctx, bar):
            v = bar.numpy().astype(float)
            size = np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-300)
            ahead = asked(ctx.x + DIFFERENCE * v / size)
            product = finite((ahead - ctx.s) * (size / DIFFERENCE))
            return torch.tensor(product, dtype=bar.dtype)

    return Score.apply


class Rivals:
    """The rivals' figures on one target, whose coordinates `known` draws are in."""

    def __init__(self, logp_score, judge, known, diagonals=(True, False)):
        self.logp_score, self.judge = logp_score, judge
        self.known = sp.median_bandwidth(known[:1000]) ** 2
        if blackjax:
            self.nuts = [Nuts(logp_score, diagonal) for diagonal in diagonals]
            self.svgd = Svgd(logp_score)

    def figures(self, start, clouds, rows, seed, back=lambda z: z):
        """NUTS, thinned, its draws, SVGD, KSD; they are judged where `back` leads."""
        best = [np.nan] * 5

        def judged(sets):
            return [self.judge(back(x)) for x in sets]

        if blackjax:
            chains = [nuts.draws(start, rows, seed) for nuts in self.nuts]
            full, n = judged(chains), len(clouds[0])
            kept = [np.linspace(0, len(c) - 1, min(n, len(c))) for c in chains]
            few = [c[k.astype(int)] for c, k in zip(chains, kept, strict=True)]
            best[:3] = min(full), min(judged(few)), len(chains[np.argmin(full)])
            best[3] = min(min(judged(self.svgd.clouds(c, rows))) for c in clouds)
        if ksdd_lbfgs:
            ends = (self.descended(cloud, rows) for cloud in clouds)
            best[4] = min(min(judged(sets)) for sets in ends)
        return best

    def descended(self, cloud, rows):
        """Yield the last states of KSD descent with each kernel and bandwidth."""
        squares = self.known, sp.median_bandwidth(cloud) ** 2
        for kernel, square in product(("imq", "gaussian"), squares):
            seen = [cloud]
            score = torch_score(self.logp_score, rows, seen)
            x = torch.tensor(cloud, dtype=torch.float32)
            bandwidth = 1.0 / square if kernel == "imq" else square
            try:
                seen.append(ksdd_lbfgs(x, score, kernel, bandwidth).numpy())
            except Spent:
                pass
            yield from seen[-4:]


def compared(target, rulers, n, starts):
    """Worst figures of one posterior: as users call the rivals, and whitened."""
    judge = energy_share_of(rulers, target.z, n)
    asked = forgiving(target.logp_score)
    usual = Rivals(asked, judge, target.z)
    tables = [], []
    for seed in range(starts):
        rng = np.random.default_rng(seed)
        start, noise = rng.uniform(-2, 2, target.d), rng.normal(size=(n, target.d))
        run = sp.sample(target.score, start, n, rng=seed)
        rows = run.n_score_evals
        change = find_mode(target.score, run.mean()).preconditioner
        clouds = start + noise, change.to_user(noise)
        for table, cloud in zip(tables, clouds, strict=True):
            plain = sp.sample(lambda x: finite(asked(x)[1]), cloud, n, rng=seed)
            table.append([rows, plain.n_score_evals])
            table[-1] += [judge(a.positions, a.weights) for a in (run, plain)]
        tables[0][-1] += usual.figures(start, (clouds[0], noise), rows, seed)
        known = change.to_working(target.z)
        helped = Rivals(whitened(asked, change), judge, known, (True,))
        given = noise[0], (noise,), rows, seed, change.to_user
        tables[1][-1] += helped.figures(*given)
    worst = [np.max(table, axis=0) for table in tables]
    for row, table in zip(worst, tables, strict=True):
        row[6] = min(figures[6] for figures in table)  # fewest draws
    return worst


def line(name, row):
    """One line of a table."""
    rows, own, *figures, draws, svgd, ksd = row
    cells = " ".join(f"{figure:8.3g}" for figure in (*figures, svgd, ksd))
    text = f"{name:26s} {rows:6.0f} {own:7.0f} {cells} {draws:6.0f}"
    return text.replace("nan", "  -")


def verdict(rows):
    """How often ours is ahead."""
    ours, plain, nuts, thinned = (np.array([r[k] for r in rows]) for k in (2, 3, 4, 5))
    ahead = 3.0 * ours <= np.array([np.fmin(r[7], r[8]) for r in rows])
    level = ours <= nuts
    return (
        f"ours, of {len(rows)}: 3 times below both particle rivals {ahead.sum()}, no "
        f"worse than NUTS {level.sum()}, both {(ahead & level).sum()}; no worse than "
        f"NUTS thinned {(ours <= thinned).sum()}, than plain {(ours <= plain).sum()}"
    )


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("-n", type=int, default=64)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME")
    options = parser.parse_args()
    targets, rulers = reference(options.folder)
    names = [n for n in EASY + HARD if any(part in n for part in options.only)]
    found = {}
    np.seterr(all="ignore")
    warnings.simplefilter("ignore", DeprecationWarning)  # of blackjax's windows
    for name in names:
        target = targets.load(name)
        if hasattr(target, "STEPS"):  # of an ODE a year: 8 times faster, for all alike
            target.STEPS = 5
        both = compared(target, rulers, options.n, options.starts)
        found[name.split("-")[1]] = both
        print(*map(line, (name, "    whitened"), both), sep="\n", flush=True)
    for k, title in enumerate(("as users call them", "rivals whitened")):
        print(f"\n{title:28s} {HEAD}")
        for name, worst in found.items():
            print(line(name, worst[k]))
        print(verdict([worst[k] for worst in found.values()]))


if __name__ == "__main__":
    main()
