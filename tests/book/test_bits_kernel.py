"""The compiled and the plain version of each bit function agree."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hftlib.book.bits_kernel import lowest_set_bit, word_at
from hftlib.core.compiled import INT, TEXT, direct, entry

WORDS = st.integers(-(2**63), 2**63 - 1)


@entry(INT)
def compiled_lowest(word: int) -> int:
    return lowest_set_bit(word)


@entry(TEXT, INT)
def compiled_word(text: bytes, at: int) -> int:
    return word_at(text, at)


@given(WORDS | st.integers(0, 63).map(lambda bit: -(1 << bit)))
def test_the_lowest_set_bit_is_found(word: int) -> None:
    expected = next((bit for bit in range(64) if word >> bit & 1), 64)
    assert lowest_set_bit(word) == expected
    assert lowest_set_bit(np.int64(word)) == expected
    assert direct(compiled_lowest)(word) == expected


@given(st.binary(min_size=8, max_size=20), st.data())
def test_a_word_is_eight_bytes_little_endian(text: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 8))
    expected = int.from_bytes(text[at : at + 8], "little", signed=True)
    assert word_at(text, at) == expected
    assert direct(compiled_word)(text, at) == expected
