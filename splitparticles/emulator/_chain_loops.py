"""Loop of Hamiltonian chains; `splitparticles.emulator.chains` says what they are."""

import numpy as np

from .._compiled.blocks import scratch
from .._compiled.compiler import compiled, helper, profile
from .._compiled.llvm import join_the_loop, use_wide_vectors
from ._loops import add_value_and_gradient
from .prior import hyperbolic_in_loops


@helper
def add_prior(scale, power, z, f, g):
    """Add the log density and the score of the prior for all rows of z."""
    join_the_loop()
    for i in range(len(z)):
        square = 0.0
        for k in range(z.shape[1]):
            square += z[i, k] ** 2
        value, slope = hyperbolic_in_loops(scale, power, square)
        f[i] += value
        for k in range(z.shape[1]):
            g[i, k] += 2.0 * slope * z[i, k]


@helper
def stretch(metric, z, out):
    """Rows M z_i."""
    join_the_loop()
    for i in range(len(z)):
        for k in range(len(metric)):
            total = 0.0
            for j in range(len(metric)):
                total += metric[k, j] * z[i, j]
            out[i, k] = total


@helper
def stretch_back(metric, g, out):
    """Rows M^T g_i."""
    join_the_loop()
    for i in range(len(g)):
        for j in range(len(metric)):
            out[i, j] = 0.0
        for k in range(len(metric)):
            for j in range(len(metric)):
                out[i, j] += metric[k, j] * g[i, k]


@helper
def is_near(z, i, y, squared_wall):
    """Whether some row y_j lies within the wall of z_i."""
    join_the_loop()
    if squared_wall == np.inf:
        return True
    for j in range(len(y)):
        square = 0.0
        for k in range(y.shape[1]):
            square += (z[i, k] - y[j, k]) ** 2
        if square <= squared_wall:
            return True
    return False


@compiled
def chain_loop(
    kernel, settings, metric, y, a, p, log_u, sizes, x, s, values, counts, first, last
):
    # p (steps, c, d) the momenta, sizes (steps, c) those of the leaps; the chains of a
    # block leap together, so that a block of partners stays in the cache
    use_wide_vectors()
    scale, power, squared_wall, floor, leaps = settings
    count, even = last - first, x.shape[1]
    buffers = scratch(2 + 2 * even)
    z, g, f = np.empty((count, even)), np.empty((count, even)), np.empty(count)
    q, energy = np.empty((count, even)), np.empty(count)
    mz, mg = np.zeros((count, even)), np.empty((count, even))
    for step in range(len(p)):
        for i in range(count):
            h, kinetic = sizes[step, first + i], 0.0
            for k in range(even):
                z[i, k] = x[first + i, k]
                g[i, k] = s[first + i, k]
                q[i, k] = p[step, first + i, k] + 0.5 * h * g[i, k]
                kinetic += p[step, first + i, k] ** 2
            energy[i] = values[first + i] - 0.5 * kinetic
        for leap in range(int(leaps)):
            for i in range(count):
                for k in range(even):
                    z[i, k] += sizes[step, first + i] * q[i, k]
            for i in range(count):
                f[i] = 0.0
                for k in range(even):
                    mg[i, k] = 0.0
            stretch(metric, z, mz)
            add_value_and_gradient(kernel, profile, mz, y, a, f, mg, buffers, 0, count)
            stretch_back(metric, mg, g)
            add_prior(scale, power, z, f, g)
            for i in range(count):
                h = sizes[step, first + i] * (0.5 if leap == leaps - 1 else 1.0)
                for k in range(even):
                    q[i, k] += h * g[i, k]
        for i in range(count):
            kinetic = 0.0
            for k in range(even):
                kinetic += q[i, k] ** 2
            gain = f[i] - 0.5 * kinetic - energy[i]
            # a leap to where nothing is finite is refused: no comparison is true there
            if gain > -np.inf:
                counts[first + i, 0] += min(1.0, np.exp(min(gain, 0.0)))
            if log_u[step, first + i] < gain:
                if not is_near(mz, i, y, squared_wall):
                    counts[first + i, 1] += 1.0
                elif f[i] > floor:
                    for k in range(even):
                        x[first + i, k], s[first + i, k] = z[i, k], g[i, k]
                    values[first + i] = f[i]
