"""Bits and words that LLVM has one instruction for, with plain Python beside them.

Compiled kernels get the instruction through numba's overload; with the compiler off
(NUMBA_DISABLE_JIT=1: coverage, fuzzing) the Python function itself runs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

unsigned = np.uint64
"""Mark an index as one that is never negative: numba then spares the count from the end."""

_ALL_BITS = 2**64 - 1
_intrinsic: Callable[[Callable[..., Any]], Any] = intrinsic


def lowest_set_bit(word: int) -> int:
    """Return the index of the lowest set bit of a word, 64 when none is set."""
    bits = int(word) & _ALL_BITS
    return (bits & -bits).bit_length() - 1 if bits else 64


def word_at(text: Any, at: int) -> int:
    """Return the eight bytes from `at` as one little-endian word; they must lie within `text`."""
    eight: Any = np.int64(int.from_bytes(text[at : at + 8], "little", signed=True))
    return eight  # type: ignore[no-any-return]


# Below runs inside numba's compiler only.


@_intrinsic
def _count_trailing_zeros(context: Any, word: Any) -> Any:  # pragma: no cover
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), generate


@_intrinsic
def _load_word(context: Any, text: Any, at: Any) -> Any:  # pragma: no cover
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return types.int64(text, types.int64), generate


@overload(lowest_set_bit)
def _lowest_set_bit(word: Any) -> Callable[[Any], Any]:  # pragma: no cover
    def compiled(word: Any) -> Any:
        return _count_trailing_zeros(word)

    return compiled


@overload(word_at)
def _word_at(text: Any, at: Any) -> Callable[[Any, Any], Any]:  # pragma: no cover
    def compiled(text: Any, at: Any) -> Any:
        return _load_word(text, at)

    return compiled
