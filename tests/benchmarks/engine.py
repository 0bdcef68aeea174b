"""The compiled sums against the same formulas in NumPy, PyTorch and JAX.

    python tests/benchmarks/engine.py [--quick]

Each peer that is installed computes value and gradient of KSD (inverse multiquadric)
and of MMD (Gaussian) from the formula written out by hand over all pairs.  All run in
this process, interleaved round by round; the table shows warm medians, the ratio of
the best peer's time to ours (median over rounds) and the largest relative difference
from NumPy, which is checked.
"""

import argparse
import importlib.util
import time

import numpy as np

import splitparticles as sp
from splitparticles import kernel_sums, stein_sums
from splitparticles.kernels import profile


def imq_stein(lib, x, s, w):
    """Sums h, g and u of the Stein kernel of bandwidth 1 by all pairs."""
    n, d = x.shape
    xx, ss, xs = x @ x.T, s @ s.T, x @ s.T
    x2, own = lib.diagonal(xx), lib.diagonal(xs)
    u = x2[:, None] + x2[None, :] - 2.0 * xx
    dz = xs + xs.T - own[:, None] - own[None, :]  # (s_j - s_i).(x_i - x_j)
    over = 1.0 / (1.0 + u)
    phi = over**0.5
    phi1 = -0.5 * phi * over
    phi2 = -1.5 * phi1 * over
    phi3 = -2.5 * phi2 * over
    h = (phi * ss + 2.0 * phi1 * (dz - d) - 4.0 * phi2 * u) @ w
    c = 2.0 * (phi1 * ss + 2.0 * phi2 * (dz - d - 2.0) - 4.0 * phi3 * u) * w[None, :]
    a, b = phi * w[None, :], 2.0 * phi1 * w[None, :]
    c1, b1 = c.sum(1)[:, None], b.sum(1)[:, None]
    g = c1 * x - c @ x + b @ s - b1 * s
    return h, g, a @ s - (b1 * x - b @ x)


def gaussian_mean(lib, x, y, w):
    """Kernel mean and its gradient under the Gaussian of bandwidth 1 by all pairs."""
    x2, y2 = (x * x).sum(1), (y * y).sum(1)
    k = lib.exp(x @ y.T - 0.5 * x2[:, None] - 0.5 * y2[None, :]) * w[None, :]
    h = k.sum(1)
    return h, k @ y - h[:, None] * x


def peers():
    """Names of the libraries that are here, each with its arrays and its module."""
    found = {"numpy": (np, np.asarray, lambda f: f, lambda out: None)}
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(2)
        found["torch"] = torch, torch.from_numpy, lambda f: f, lambda out: None
    if importlib.util.find_spec("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)

        def wait(out):
            for array in out:
                array.block_until_ready()

        found["jax"] = jax.numpy, jax.numpy.asarray, jax.jit, wait
    return found


def bell():
    """A user's own inverse multiquadric, as a user would write it."""
    import math
    from typing import NamedTuple

    class Own(NamedTuple):
        bandwidth: float = 1.0

    @sp.profile_of(Own)
    def own(kernel, u):
        a = 1.0 / kernel.bandwidth**2
        over = 1.0 / (1.0 + a * u)
        phi = math.sqrt(over)
        p1 = -0.5 * a * phi * over
        p2 = -1.5 * a * p1 * over
        p3 = -2.5 * a * p2 * over
        return phi, p1, p2, p3, -3.5 * a * p3 * over

    assert profile(Own(), 1.0)[0] == own(Own(), 1.0)[0]
    return Own()


def timed(call, wait):
    """Seconds of one call, after the other libraries' threads have gone to sleep."""
    time.sleep(0.05)
    wait(call())
    began = time.perf_counter()
    wait(call())
    return time.perf_counter() - began


def compare(name, ours, theirs, rounds):
    """Interleave all calls, check them against NumPy, print a line."""
    wanted = theirs["numpy"][0]()
    calls = {"ours": (ours, lambda out: None), **theirs}
    worst = 0.0
    for call, wait in calls.values():
        wait(call())  # warm
        for one, other in zip(call(), wanted, strict=True):
            scale = np.abs(wanted[0] if other is None else other).max()
            worst = max(worst, float(np.abs(np.asarray(one) - other).max() / scale))
    assert worst < 1e-9, f"{name}: results differ by {worst}"
    times = {label: [] for label in calls}
    for _ in range(rounds):
        for label, (call, wait) in calls.items():
            times[label].append(timed(call, wait))
    medians = {label: 1e3 * np.median(t) for label, t in times.items()}
    best = min((label for label in theirs), key=medians.get)
    ratio = np.median(np.array(times[best]) / np.array(times["ours"]))
    row = "  ".join(f"{label} {value:9.3f}" for label, value in medians.items())
    print(f"{name:28s} {row}   best peer / ours {ratio:6.1f}   {worst:.0e}", flush=True)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rng = np.random.default_rng(0)
    print("milliseconds, warm medians")
    libraries = peers()
    for n in (100, 1000) if quick else (100, 1000, 4000):
        for d in (2, 10, 50):
            x, w = rng.normal(size=(n, d)), np.full(n, 1.0 / n)
            s = -x / np.linspace(0.5, 2.0, d)
            kernels = [("", sp.InverseMultiquadric(1.0))]
            if n == 1000:
                kernels.append((" own kernel", bell()))
            for label, kernel in kernels:

                def ours(kernel=kernel, x=x, s=s, w=w):
                    return stein_sums.stein_sum_gradient(kernel, x, s, x, s, w)

                theirs = against(libraries, imq_stein, (x, s, w))
                rounds = 20 if n == 100 else 7 if n == 1000 else 3
                compare(f"KSD n={n} d={d}{label}", ours, theirs, rounds)
    for m in (10_000,) if quick else (10_000, 100_000):
        for d in (2, 10):
            x, y = rng.normal(size=(200, d)), rng.normal(size=(m, d))
            w = np.full(m, 1.0 / m)

            def ours(x=x, y=y, w=w):
                return kernel_sums.kernel_sum_gradient(sp.Gaussian(1.0), x, y, w)

            theirs = against(libraries, gaussian_mean, (x, y, w))
            compare(f"MMD n=200 m={m} d={d}", ours, theirs, 5)


def against(libraries, formula, arrays):
    """One call for each library, on its own arrays."""
    calls = {}
    for label, (lib, convert, compiled, wait) in libraries.items():
        own = [convert(a) for a in arrays]
        function = compiled(lambda *a, lib=lib: formula(lib, *a))
        calls[label] = (lambda function=function, own=own: function(*own)), wait
    return calls


if __name__ == "__main__":
    main()
