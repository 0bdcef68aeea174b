"""Attributes and strides for LLVM, which Numba has no option for.

Every use of Numba's private interfaces, and of LLVM itself, stands in this file.  No
result depends on it; without it loops take 1.2 to 1.5 times as long.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numba.np import arrayobj

from .compiler import IS_COMPILED

BLOCK = 256  # partners at a time

LINE = 8  # numbers in a cache line, and in the widest vector

WIDE = '"prefer-vector-width"="512"'  # LLVM takes 256 bits where there are 512


@intrinsic
def compiled_rows(context, memory):
    """View of a flat buffer as rows of BLOCK numbers, the first on a cache line.

    What ``reshape`` does, with strides that are constants: LLVM then need not check
    before each loop whether one row overlaps another.
    """
    view = types.Array(types.float64, 2, "C")

    def generate(context, builder, signature, arguments):
        flat = arrayobj.make_array(signature.args[0])(context, builder, arguments[0])
        number = ir.IntType(64)
        address = builder.ptrtoint(flat.data, number)
        # up to the next line; LINE numbers of the buffer are there for it
        first = builder.add(address, number(8 * LINE - 1))
        first = builder.and_(first, number(-8 * LINE))
        length = builder.sub(builder.extract_value(flat.shape, 0), number(LINE))
        out = arrayobj.make_array(view)(context, builder)
        arrayobj.populate_array(
            out,
            data=builder.inttoptr(first, flat.data.type),
            shape=(builder.sdiv(length, number(BLOCK)), number(BLOCK)),
            strides=(number(8 * BLOCK), number(8)),
            itemsize=number(8),
            meminfo=flat.meminfo,
            parent=flat.parent,
        )
        return arrayobj.impl_ret_borrowed(context, builder, view, out._getvalue())

    return view(memory), generate


@intrinsic
def compiled_wide_vectors(context):
    """Attribute of the calling function: the widest vectors of the processor."""

    def generate(context, builder, signature, arguments):
        set.add(builder.function.attributes, WIDE)  # `add` itself knows no such name
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def compiled_join(context):
    """Attributes of a helper: copied into its loop, since a call costs as much."""

    def generate(context, builder, signature, arguments):
        set.add(builder.function.attributes, WIDE)
        builder.function.attributes.add("alwaysinline")
        return context.get_dummy_value()

    return types.none(), generate


def plain_rows(memory):
    """View of a flat buffer as rows, where nothing is compiled."""
    return memory[: len(memory) - LINE].reshape(-1, BLOCK)


def nothing():
    """No attribute, where nothing is compiled."""


rows_of_a_block = compiled_rows if IS_COMPILED else plain_rows

use_wide_vectors = compiled_wide_vectors if IS_COMPILED else nothing

join_the_loop = compiled_join if IS_COMPILED else nothing
