"""A deep network that learns from a teacher, grown and from scratch, at equal compute.

    python tests/benchmarks/deep_regression.py [--seeds 5] [--steps 200 800]

Two hidden layers of tanh, full batches of a thousand rows, Adam (or L-BFGS) with a
learning rate that falls along a cosine; from two neurons a layer in four rounds that
double the multiply-accumulates.  Compute is steps times multiply-accumulates; what a
split costs is measured in CPU seconds and charged at the rate of the steps before it.
Every arm may spend 1.5 times what the rounds of steps alone would take, and has the
best of three learning rates, by its training loss.  CPU minutes on one thread: 20.
"""

import argparse
import time

import numpy as np
import torch
from deep_arms import Task, random_splits, uniform
from torch import nn

import splitparticles as sp
from splitparticles import deep

ROUNDS, FIRST, TEACHER = 4, 2, (12, 12)
RATES = 0.003, 0.01, 0.03
GROWTHS = {
    "split": deep.Across(sp.SteepestSplit(dense=200), budget=1.0),
    "random split": random_splits(Task(*[None] * 5, growth=1.0)),
    "uniform": uniform(Task(*[None] * 5, growth=1.0)),
}


def mlp(widths):
    """Hidden layers of tanh, four inputs, one output."""
    sizes = [4, *widths]
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(a, b), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 1))


def half_squared(f, y):
    """Half the mean squared error; outputs have variance one."""
    return 0.5 * ((f - y) ** 2).mean()


class Problem:
    """Data of one teacher, and the arms."""

    def __init__(self, seed, steps, method):
        torch.manual_seed(seed)
        self.seed, self.steps, self.method = seed, steps, method
        teacher = mlp(TEACHER)
        with torch.no_grad():
            for layer in teacher:
                if isinstance(layer, nn.Linear):
                    layer.weight *= 3.0
            self.x, self.far = torch.randn(1000, 4), torch.randn(4000, 4)
            y, far = teacher(self.x), teacher(self.far)
            self.y, self.far_y = ((f - y.mean()) / y.std() for f in (y, far))
        start = self.network([FIRST, FIRST], seed).macs
        self.units = 1.5 * steps * start * sum(2**k for k in range(ROUNDS + 1))

    def network(self, widths, seed):
        torch.manual_seed(seed)
        data = self.x, self.y
        return deep.Network(mlp(widths), half_squared, data, rows=1000, rng=0)

    def train(self, network, steps, rate):
        """Steps on all rows."""
        module = network.module
        if self.method == "lbfgs":
            optimizer = torch.optim.LBFGS(
                module.parameters(),
                max_iter=steps,
                max_eval=steps,
                line_search_fn="strong_wolfe",
                tolerance_grad=1e-9,
                tolerance_change=1e-12,
            )
            optimizer.step(lambda: self._slopes(module, optimizer))
            return
        optimizer = torch.optim.Adam(module.parameters(), rate)
        for k in range(steps):
            share = 0.5 * (1.0 + np.cos(np.pi * k / steps))
            optimizer.param_groups[0]["lr"] = rate * share
            self._slopes(module, optimizer)
            optimizer.step()

    def _slopes(self, module, optimizer):
        optimizer.zero_grad()
        loss = half_squared(module(self.x), self.y)
        loss.backward()
        return loss

    def grown(self, growth, rate):
        """Network grown in rounds; the last one has what compute is left."""
        network, spent = self.network([FIRST, FIRST], self.seed), 0.0
        rng = np.random.default_rng(self.seed)
        for k in range(ROUNDS + 1):
            steps = self.steps
            if k == ROUNDS:
                steps = max(1, round((self.units - spent) / network.macs))
            start = time.process_time()
            self.train(network, steps, rate)
            spent += steps * network.macs
            speed = steps * network.macs / (time.process_time() - start)
            if k < ROUNDS:
                start = time.process_time()
                grown = growth(network, None, rng)
                spent += speed * (time.process_time() - start)
                if grown:
                    network.become(grown.particles)
        return network

    def scratch(self, widths, rate, cycles):
        """Network trained in one or several cycles of the learning rate."""
        network = self.network(widths, 100 + self.seed)
        steps = round(self.units / network.macs)
        for part in np.array_split(np.arange(steps), cycles):
            self.train(network, len(part), rate)
        return network

    @torch.no_grad()
    def losses(self, network):
        """Training and test loss."""
        return network.value, half_squared(network.module(self.far), self.far_y).item()


def arms(problem):
    """Best losses of every arm over the learning rates."""
    rates = RATES if problem.method == "adam" else (1.0,)
    found, widths = {}, None
    for name, growth in GROWTHS.items():
        runs = [problem.grown(growth, rate) for rate in rates]
        best = min(runs, key=lambda network: network.value)
        found[name] = problem.losses(best)
        widths = widths or list(best.widths.values())
    for name, cycles in (("scratch", 1), ("scratch, restarts", ROUNDS + 1)):
        runs = [problem.scratch(widths, rate, cycles) for rate in rates]
        found[name] = problem.losses(min(runs, key=lambda network: network.value))
    return found


def main():
    """Print geometric means over teachers, and factors of standard error."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, nargs="+", default=[200, 800])
    parser.add_argument("--methods", nargs="+", default=["adam", "lbfgs"])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for method in arguments.methods:
        for steps in arguments.steps:
            rows = [arms(Problem(s, steps, method)) for s in range(arguments.seeds)]
            print(f"{method}, {steps} steps a round; training loss, test loss")
            for name in rows[0]:
                logs = np.log([row[name] for row in rows])
                mean, ratio = (
                    logs.mean(axis=0),
                    logs - np.log([row["split"] for row in rows]),
                )
                error = ratio.std(axis=0, ddof=1) / len(rows) ** 0.5
                print(
                    f"  {name:18s} {np.exp(mean[0]):.2e}  {np.exp(mean[1]):.2e}   over "
                    f"split {np.exp(ratio[:, 0].mean()):.2f}, "
                    f"{np.exp(ratio[:, 1].mean()):.2f} (times or over "
                    f"{np.exp(error[0]):.2f}, {np.exp(error[1]):.2f})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
