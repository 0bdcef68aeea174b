"""The papers' toy: networks of Gaussian neurons fitted to a teacher of fifteen.

    python tests/benchmarks/rbf_toy.py [--teachers 20] [--spread 1.0] [--step 0.1]
        [--steps 2000] [--inputs 1] [--picture FILE]

Every arm takes the same number of steps of plain gradient descent at each size, from
one neuron to fifteen; networks that are trained for one size at once (from scratch;
planted, by insertions with a fiftieth of the steps between them; halved, the better of
two planted and two random ones after an eighth of the steps each) take as many as the
others have taken in all when they are as large.  The teacher's output weights, slopes
and offsets are normal with standard deviation `--spread`; a thousand inputs are uniform
on [-5, 5].  Losses are half mean squared errors over the teacher's variance.
"""

import argparse
import time

import numpy as np

import splitparticles as sp

TEACHER, ROWS = 15, 1000
NOT_ALL = {"fraction": 1e-9}  # one neuron a round


class Teacher:
    """One teacher: its network objective, and the law of random neurons."""

    def __init__(self, seed, options):
        self.options, self.seed = options, seed
        rng = np.random.default_rng(seed)
        p = options.inputs
        x = rng.uniform(-5.0, 5.0, size=(ROWS, p))
        theta = options.spread * rng.standard_normal((TEACHER, p + 2))
        z = x @ theta[:, 1:-1].T + theta[:, -1]
        y = np.exp(-0.5 * z**2) @ theta[:, 0]
        squared, gaussian = sp.losses.Squared(), sp.activations.RBF()
        self.unit = float(y.var()) or 1.0
        self.objective = sp.Network(gaussian, squared, x, y)

    def fresh(self, n, number=0):
        """Random neurons, by the law of the teacher's, the same for every arm."""
        rng = np.random.default_rng([self.seed, 1, n, number])
        law = rng.standard_normal((n, self.options.inputs + 2))
        return sp.ParticleSet(self.options.spread * law, np.ones(n))

    def draw(self, rng):
        """One random neuron."""
        return self.options.spread * rng.standard_normal(self.options.inputs + 2)

    def descent(self, steps):
        """Plain gradient descent."""
        return sp.GradientDescent(
            search=False, step=self.options.step, max_iter=steps, tol=0.0
        )


def arms(teacher):
    """Growth and move of each arm."""
    descent = teacher.descent(teacher.options.steps)
    random = sp.NewParticle(draw=teacher.draw)
    split = sp.SteepestSplit(**NOT_ALL)
    insertion, signed = sp.Insertion(), sp.SignedSplit(most=1, **NOT_ALL)
    return {
        "optimal split": (split, descent),
        "random split": (sp.RandomSplit(**NOT_ALL), descent),
        "new initialisation": (random, descent),
        "gradient boosting": (random, sp.Newest(move=descent)),
        "signed split": (signed, descent),
        "insertion": (insertion, descent),
        "best of all": (sp.BestOf(split, insertion, signed), descent),
    }


def grown(teacher, growth, move):
    """Losses at sizes 1 ... 15."""
    F, rng = teacher.objective, np.random.default_rng([teacher.seed, 2])
    particles, losses = teacher.fresh(1), []
    for n in range(1, TEACHER + 1):
        first = teacher.descent(teacher.options.steps)
        moved = (move if n > 1 else first)(F, particles)
        losses.append(moved.value)
        enlarged = growth(F, moved.particles, 1, rng)
        particles = F.of_unit_weights(enlarged.particles)
    return np.array(losses) / teacher.unit


def at_once(teacher, start):
    """Losses at sizes 1 ... 15, each trained for itself.

    ``start(teacher, n, steps)`` gives particles and how many of the steps are left.
    """
    losses = []
    for n in range(1, TEACHER + 1):
        particles, left = start(teacher, n, n * teacher.options.steps)
        moved = teacher.descent(left)(teacher.objective, particles)
        losses.append(moved.value)
    return np.array(losses) / teacher.unit


def random(teacher, n, steps, number=0):
    """Random neurons; all steps are left."""
    return teacher.fresh(n, number), steps


def planted(teacher, n, steps, number=0):
    """Neurons inserted one by one, a few steps after each."""
    F, rng = teacher.objective, np.random.default_rng([teacher.seed, 3, number])
    few = max(teacher.options.steps // 50, 1)
    growth = sp.BestOf(sp.SteepestSplit(**NOT_ALL), sp.Insertion())
    particles = teacher.fresh(1, number)
    for _ in range(n - 1):
        particles = teacher.descent(few)(F, particles).particles
        particles = F.of_unit_weights(growth(F, particles, 1, rng).particles)
    return particles, steps - few * (n - 1)


def halved(teacher, n, steps):
    """The better of two planted and two random networks after an eighth each."""
    trial_steps, trials = steps // 8, []
    for plan in (planted, random):
        for number in (0, 1):
            particles, left = plan(teacher, n, trial_steps, number)
            trials.append(teacher.descent(left)(teacher.objective, particles))
    lowest = min(trials, key=lambda moved: moved.value)
    return lowest.particles, steps - 4 * trial_steps


AT_ONCE = {"from scratch": random, "planted": planted, "halved": halved}


def table(figures):
    """Print medians and quartiles of the losses, (teachers, sizes), by arm."""
    sizes = [1, 2, 3, 5, 7, 9, 12, 15]
    print(f"{'arm':20s}" + "".join(f"{n:>25d}" for n in sizes))
    for name, losses in figures.items():
        low, middle, high = np.percentile(losses, [25, 50, 75], axis=0)
        cells = [
            f"{middle[n - 1]:8.1e} [{low[n - 1]:7.1e},{high[n - 1]:7.1e}]"
            for n in sizes
        ]
        print(f"{name:20s}" + "".join(f"{cell:>25s}" for cell in cells))
    middle = {name: np.median(losses, axis=0) for name, losses in figures.items()}
    best = [min(middle, key=lambda name: middle[name][n]) for n in range(TEACHER)]
    print("lowest median at sizes 1 ... 15:", ", ".join(best))


def picture(figures, options):
    """Draw median losses against gradient steps."""
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(layout="constrained")
    steps = options.steps * np.arange(1, TEACHER + 1)
    for k, (name, losses) in enumerate(figures.items()):
        low, middle, high = np.percentile(losses, [25, 50, 75], axis=0)
        look = {"color": f"C{k}", "linestyle": "--" if name in AT_ONCE else "-"}
        ax.plot(steps, middle, label=name, **look)
        ax.fill_between(steps, low, high, color=f"C{k}", alpha=0.1, linewidth=0)
    ax.set(yscale="log", xlabel="gradient steps", ylabel="loss / variance")
    ax.legend(frameon=False, fontsize="small")
    figure.savefig(options.picture)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teachers", type=int, default=20)
    parser.add_argument("--spread", type=float, default=1.0)
    parser.add_argument("--step", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--inputs", type=int, default=1)
    parser.add_argument("--picture")
    options = parser.parse_args()
    began, figures = time.perf_counter(), {}
    for seed in range(options.teachers):
        teacher = Teacher(seed, options)
        for name, (growth, move) in arms(teacher).items():
            figures.setdefault(name, []).append(grown(teacher, growth, move))
        for name, start in AT_ONCE.items():
            figures.setdefault(name, []).append(at_once(teacher, start))
    figures = {name: np.array(rows) for name, rows in figures.items()}
    print(
        f"{options.teachers} teachers, {options.inputs} input(s), spread "
        f"{options.spread}, step {options.step}, {options.steps} steps a size; "
        f"{time.perf_counter() - began:.0f} s"
    )
    table(figures)
    if options.picture:
        picture(figures, options)


if __name__ == "__main__":
    main()
