"""Blocks of partners, laid out for the vector units.

A sum over partners goes through them in blocks: transposed into a buffer small enough
to stay near while all rows pass by, so that the innermost loop, over the partners of
a block, reads neighbours in memory::

    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        for i in range(first, last):
            for k in range(0, len(ys), 2):
                for j in range(m):
                    ...  # x[i, k], ys[k, j] and x[i, k + 1], ys[k + 1, j]

Coordinates go two at a time, which halves the traffic between the vector units and
the buffers; where d is odd a coordinate that is zero for all is added (`evened`).
"""

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numba.np import arrayobj

from .compiler import IS_COMPILED, helper

BLOCK = 256  # partners at a time

LINE = 8  # numbers in a cache line, and in the widest vector


def evened(x: np.ndarray) -> np.ndarray:
    """Return x (n, d), with a column of zeros more where d is odd."""
    n, d = x.shape
    if d % 2 == 0:
        return x
    out = np.zeros((n, d + 1))
    out[:, :d] = x
    return out


@intrinsic
def _rows_of_a_block(context, memory):
    """View a flat buffer as rows of BLOCK numbers, the first on a cache line.

    What ``reshape`` does, with strides that LLVM knows: most of what it would ask
    before each loop, whether one row reaches into another, it then need not ask.
    """
    view = types.Array(types.float64, 2, "C")

    def generate(context, builder, signature, arguments):
        flat = arrayobj.make_array(signature.args[0])(context, builder, arguments[0])
        number = ir.IntType(64)
        address = builder.ptrtoint(flat.data, number)
        first = builder.add(address, number(8 * LINE - 1))
        first = builder.and_(first, number(-8 * LINE))
        held = builder.sub(builder.extract_value(flat.shape, 0), number(LINE))
        out = arrayobj.make_array(view)(context, builder)
        arrayobj.populate_array(
            out,
            data=builder.inttoptr(first, flat.data.type),
            shape=(builder.sdiv(held, number(BLOCK)), number(BLOCK)),
            strides=(number(8 * BLOCK), number(8)),
            itemsize=number(8),
            meminfo=flat.meminfo,
            parent=flat.parent,
        )
        return arrayobj.impl_ret_borrowed(context, builder, view, out._getvalue())

    return view(memory), generate


def _rows_in_python(memory):
    """Do the same where nothing is compiled."""
    return memory[: len(memory) - LINE].reshape(-1, BLOCK)


rows_of_a_block = _rows_of_a_block if IS_COMPILED else _rows_in_python


@helper
def scratch(rows):
    """Buffers for one block of partners, far from each other and from all else.

    LLVM guards a vectorised loop by the distance between its arrays and falls back on
    a plain one, which sums in another order, where they are near: without the margins
    the last bits would depend on where the memory happened to come from.
    """
    return rows_of_a_block(np.empty((rows + 2) * BLOCK + LINE))[1:-1]


@helper
def load(y, first, out):
    """Transpose ``y[first:]`` (n, d) into a block (d or d + 1, BLOCK).

    Returns the number of partners, filled up to whole cache lines with copies of the
    last one: what is finite for it is finite for them, and `load_weights` gives them
    none.
    """
    n, d = y.shape
    m = min(BLOCK, n - first)
    filled = -(-m // LINE) * LINE
    for k in range(d):
        for j in range(m):
            out[k, j] = y[first + j, k]
        for j in range(m, filled):
            out[k, j] = y[n - 1, k]
    for k in range(d, len(out)):
        for j in range(filled):
            out[k, j] = 0.0
    return filled


@helper
def load_weights(v, first, out):
    """Copy ``v[first:]`` into ``out`` (BLOCK,), zeros behind it."""
    m = min(BLOCK, len(v) - first)
    for j in range(m):
        out[j] = v[first + j]
    for j in range(m, BLOCK):
        out[j] = 0.0


@intrinsic
def _use_wide_vectors(context):
    """Ask LLVM for 512-bit vectors where there are such; it shuns them by default."""

    def generate(context, builder, signature, arguments):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def _join_the_loop(context):
    """Have a helper copied into the loop that calls it: a call costs as much as it."""

    def generate(context, builder, signature, arguments):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        builder.function.attributes.add("alwaysinline")
        return context.get_dummy_value()

    return types.none(), generate


def _nothing():
    """Stand in where nothing is compiled."""


use_wide_vectors = _use_wide_vectors if IS_COMPILED else _nothing

join_the_loop = _join_the_loop if IS_COMPILED else _nothing


@helper
def squared_distances(x, i, y, m, u):
    """``u[j] = |x_i - y_j|^2`` for the m partners of one block."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1 = x[i, k], x[i, k + 1]
        for j in range(m):
            z0, z1 = x0 - y[k, j], x1 - y[k + 1, j]
            so_far = u[j] if k > 0 else 0.0
            u[j] = so_far + z0 * z0 + z1 * z1


@helper
def add_products(p, q, m, lower, out, i):
    """``out[i, k, a] += sum_j p[k, j] q[a, j]``; of `lower`, those with a <= k."""
    join_the_loop()
    for k in range(0, len(p), 2):
        for a in range(0, k + 2 if lower else len(q), 2):
            out00, out01, out10, out11 = 0.0, 0.0, 0.0, 0.0
            for j in range(m):
                out00 += p[k, j] * q[a, j]
                out01 += p[k, j] * q[a + 1, j]
                out10 += p[k + 1, j] * q[a, j]
                out11 += p[k + 1, j] * q[a + 1, j]
            out[i, k, a] += out00
            out[i, k, a + 1] += out01
            out[i, k + 1, a] += out10
            out[i, k + 1, a + 1] += out11
