"""What runs inside one worker of `engine.py`: a workload in one library.

Each workload is a formula over all pairs of particles, written out by hand once for
NumPy, PyTorch and JAX, and once more for JAX as the value alone, which it
differentiates itself ("jax grad").  ksddescent and blackjax come with their own.
Libraries are imported by the worker that needs them, so that the time until the first
result is that of one library.  Everything is in double precision.

    ksd      half the squared KSD to N(0, diag(1 / prec)) and its gradient,
             inverse multiquadric of bandwidth sqrt(d), n particles
    mmd      half the squared MMD to m draws, without its constant, and its gradient,
             Gaussian of bandwidth sqrt(d / 2), n particles
    svgd     one step of SVGD, Gaussian of bandwidth sqrt(d), n particles
    split    Hessians of a mean of m Gaussian kernels at n points
    product  the same Hessians times one direction a point
"""

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

SVGD_STEP = 0.1


class Problem(NamedTuple):
    """What every library is given."""

    workload: str
    ell2: float  # squared bandwidth
    arrays: tuple


def problem(workload: str, n: int, m: int, d: int) -> Problem:
    """The same arrays in every process."""
    rng = np.random.default_rng(12345)
    if workload in ("ksd", "svgd"):
        x = 1.2 * rng.standard_normal((n, d)) + 0.1
        return Problem(workload, float(d), (x, np.linspace(0.5, 2.0, d)))
    x, y = 0.8 * rng.standard_normal((n, d)), rng.standard_normal((m, d))
    directions = (rng.standard_normal((n, d)),) if workload == "product" else ()
    return Problem(workload, 0.5 * d, (x, y, *directions))


# ----------------------------------------------------------- formulas by hand
class Library(NamedTuple):
    """What the formulas need beyond the operators of arrays."""

    exp: Callable
    sqrt: Callable
    eye: Callable
    each_row: Callable  # of a function of one row: that function of all rows
    block: int | None  # draws at a time that suit it best; None is all at once


def squared_distances(x, y):
    return (x * x).sum(1)[:, None] + (y * y).sum(1)[None, :] - 2.0 * (x @ y.T)


def stein_terms(lib, ell2, x, prec):
    """Scores, phi and three derivatives, the Stein kernel and its ingredients."""
    d, s = x.shape[1], -x * prec
    u, xs, ss = squared_distances(x, x), x @ s.T, s @ s.T
    own = (x * s).sum(1)
    q = own[:, None] + own[None, :] - xs - xs.T  # (s_i - s_j).(x_i - x_j)
    over = 1.0 / (1.0 + u / ell2)
    phi = lib.sqrt(over)
    phi1 = (-0.5 / ell2) * phi * over
    phi2 = (-1.5 / ell2) * phi1 * over
    phi3 = (-2.5 / ell2) * phi2 * over
    kernel = phi * ss - 2.0 * phi1 * (q + d) - 4.0 * phi2 * u
    return s, u, q, ss, (phi, phi1, phi2, phi3), kernel


def ksd(lib, ell2, x, prec):
    n, d = x.shape
    s, u, q, ss, (phi, phi1, phi2, phi3), kernel = stein_terms(lib, ell2, x, prec)
    a = 2.0 * phi1 * ss - 4.0 * phi2 * (q + (d + 2.0)) - 8.0 * phi3 * u
    b = -2.0 * phi1
    b_sum = b.sum(1)[:, None]
    g = a.sum(1)[:, None] * x - a @ x + b_sum * s - b @ s
    field = phi @ s + b_sum * x - b @ x
    return 0.5 * kernel.mean(), (g - prec * field) / n**2


def gaussian_sums(lib, ell2, x, y):
    """Sums over y of the kernel and of kernel times y, block by block."""
    c, k_sum, k_y = 0.5 / ell2, 0.0, 0.0
    x2, y2 = c * (x * x).sum(1)[:, None], c * (y * y).sum(1)[None, :]
    block = lib.block or len(y)
    for first in range(0, len(y), block):
        part = slice(first, first + block)
        k = lib.exp((2.0 * c * x) @ y[part].T - y2[:, part] - x2)
        k_sum, k_y = k_sum + k.sum(1), k_y + k @ y[part]
    return k_sum, k_y


def mmd(lib, ell2, x, y):
    n, m = len(x), len(y)
    own, own_x = gaussian_sums(lib, ell2, x, x)
    target, target_y = gaussian_sums(lib, ell2, x, y)
    value = 0.5 * own.sum() / n**2 - target.sum() / (n * m)
    own_slope = (own_x - own[:, None] * x) / (n**2 * ell2)
    return value, own_slope - (target_y - target[:, None] * x) / (n * m * ell2)


def svgd(lib, ell2, x, prec):
    k = lib.exp(squared_distances(x, x) * (-0.5 / ell2))
    field = (k.sum(1)[:, None] * x - k @ x) / ell2 - k @ (x * prec)
    return (x + (SVGD_STEP / len(x)) * field,)


def split(lib, ell2, x, y):
    def hessian(point):
        z = point - y
        k = lib.exp((z * z).sum(1) * (-0.5 / ell2)) / len(y)
        return (k[:, None] * z).T @ z / ell2**2 - (k.sum() / ell2) * eye

    eye = lib.eye(x.shape[1])
    return (lib.each_row(hessian)(x),)


def product(lib, ell2, x, y, p):
    k = lib.exp(squared_distances(x, y) * (-0.5 / ell2)) / len(y)
    c = k * ((x * p).sum(1)[:, None] - p @ y.T)
    along = c.sum(1)[:, None] * x - c @ y
    return (along / ell2**2 - (k.sum(1) / ell2)[:, None] * p,)


FORMULAS = {"ksd": ksd, "mmd": mmd, "svgd": svgd, "split": split, "product": product}


# ------------------------------------------------------------------ libraries
def in_numpy(task):
    def each_row(function):
        return lambda x: np.stack([function(row) for row in x])

    lib = Library(np.exp, np.sqrt, np.eye, each_row, 1024)
    return partial(FORMULAS[task.workload], lib, task.ell2, *task.arrays)


def in_torch(task):
    import torch

    each_row = partial(torch.func.vmap, chunk_size=64)
    eye = partial(torch.eye, dtype=torch.float64)
    lib = Library(torch.exp, torch.sqrt, eye, each_row, 4096)
    arrays = [torch.tensor(a) for a in task.arrays]
    call = partial(FORMULAS[task.workload], lib, task.ell2, *arrays)
    return torch.no_grad()(call)


def double_jax():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    return jax, Library(jnp.exp, jnp.sqrt, jnp.eye, jax.vmap, None)


def compiled_in_jax(jax, function, arrays):
    jitted, arrays = jax.jit(function), [jax.numpy.asarray(a) for a in arrays]
    return lambda: jax.block_until_ready(jitted(*arrays))


def in_jax(task):
    jax, lib = double_jax()
    formula = partial(FORMULAS[task.workload], lib, task.ell2)
    return compiled_in_jax(jax, formula, task.arrays)


def in_jax_grad(task):
    """The value alone by hand; derivatives are JAX's."""
    (jax, lib), ell2 = double_jax(), task.ell2

    def half_ksd(x, prec):
        return 0.5 * stein_terms(lib, ell2, x, prec)[-1].mean()

    def half_mmd(x, y):
        own, cross = squared_distances(x, x), squared_distances(x, y)
        c = -0.5 / ell2
        return 0.5 * lib.exp(c * own).mean() - lib.exp(c * cross).mean()

    def kernel_mean(point, y):
        return lib.exp(((point - y) ** 2).sum(1) * (-0.5 / ell2)).mean()

    def hessian_product(point, y, p):
        return jax.jvp(lambda at: jax.grad(kernel_mean)(at, y), (point,), (p,))[1]

    function = {
        "ksd": jax.value_and_grad(half_ksd),
        "mmd": jax.value_and_grad(half_mmd),
        "split": lambda x, y: (jax.vmap(jax.hessian(kernel_mean), (0, None))(x, y),),
        "product": lambda *a: (jax.vmap(hessian_product, (0, None, 0))(*a),),
    }[task.workload]
    return compiled_in_jax(jax, function, task.arrays)


def in_ksddescent(task):
    import torch
    from ksddescent.kernels import imq_kernel

    x, prec = (torch.tensor(a) for a in task.arrays)

    def call():
        here = x.clone().requires_grad_()
        s = -here * prec
        value = 0.5 * imq_kernel(here, here, s, s, 1.0 / task.ell2, 0.5).mean()
        value.backward()
        return value.detach(), here.grad

    return call


def in_blackjax(task, **options):
    import blackjax
    import optax

    jax, _ = double_jax()
    x, prec = (jax.numpy.asarray(a) for a in task.arrays)
    scale = jax.numpy.asarray(2.0 * task.ell2)
    steps = blackjax.svgd(lambda x: -x * prec, optax.sgd(SVGD_STEP), **options)
    state, step = steps.init(x, {"length_scale": scale}), jax.jit(steps.step)
    return lambda: (jax.block_until_ready(step(state)).particles,)


# ----------------------------------------------------------------------- ours
def users_kernel(sp, bandwidth):
    """The inverse multiquadric as a user would write it."""

    class Own(NamedTuple):
        bandwidth: float = 1.0

    @sp.profile_of(Own)
    def own(kernel, u):
        a = 1.0 / kernel.bandwidth**2
        over = 1.0 / (1.0 + a * u)
        phi = math.sqrt(over)
        phi1 = -0.5 * a * phi * over
        phi2 = -1.5 * a * phi1 * over
        phi3 = -2.5 * a * phi2 * over
        return phi, phi1, phi2, phi3, -3.5 * a * phi3 * over

    return Own(bandwidth)


def our_ksd(sp, kernel, x, prec):
    objective = sp.KSD(kernel, lambda x: -x * prec, lambda x, v: -v * prec)
    # the score remembers the last few sets it saw; one more than that, each turned
    # by a row, and it is computed in every call as the others do
    turned = itertools.cycle([np.roll(x, k, axis=0) for k in range(6)])
    return lambda: objective.value_and_gradient(sp.ParticleSet(next(turned)))


def in_splitparticles(task, own=False):
    import splitparticles as sp
    from splitparticles.kernels import kernel_sums as kernel_sums
    from splitparticles.kernels import stein_sums as stein_sums

    x, y, *directions = task.arrays
    bandwidth = math.sqrt(task.ell2)
    if task.workload == "ksd":
        builtin = sp.InverseMultiquadric(bandwidth)
        return our_ksd(sp, users_kernel(sp, bandwidth) if own else builtin, x, y)
    kernel = sp.Gaussian(bandwidth)
    w, v = np.full(len(x), 1.0 / len(x)), np.full(len(y), 1.0 / len(y))

    def mmd():
        own, own_slope = kernel_sums.kernel_sum_gradient(kernel, x, x, w)
        target, slope = kernel_sums.kernel_sum_gradient(kernel, x, y, v)
        return 0.5 * (w @ own) - w @ target, w[:, None] * (own_slope - slope)

    def svgd():  # y holds the precisions
        return (x + SVGD_STEP * stein_sums.stein_field(kernel, x, x, -x * y, w),)

    def hessians():
        sums = kernel_sums.kernel_sum_hessian
        if directions:
            sums = kernel_sums.kernel_sum_hessian_product
        return (sums(kernel, x, y, v, *directions),)

    return {"mmd": mmd, "svgd": svgd}.get(task.workload, hessians)


IMPLEMENTATIONS = {
    "ours": in_splitparticles,
    "own": partial(in_splitparticles, own=True),
    "numpy": in_numpy,
    "torch": in_torch,
    "jax": in_jax,
    "jax grad": in_jax_grad,
    "ksddescent": in_ksddescent,
    "blackjax": in_blackjax,
    "blackjax fixed": partial(in_blackjax, update_kernel_parameters=lambda s: s),
}
