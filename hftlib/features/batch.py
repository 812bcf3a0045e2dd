"""Features over stored events: the kernel of the live path, without Python between events."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hftlib.book.book import Book
from hftlib.core.states import BookState
from hftlib.features.catalogue import NAMES, Group, feature_of
from hftlib.features.kernel import measure_rows
from hftlib.features.layout import HOT_COUNT, SNAPSHOT
from hftlib.features.measurer import Measurer
from hftlib.features.stored import Rows

HOT_NAMES: Final = NAMES[:HOT_COUNT]
"""The features of every depth frame."""

Columns = dict[str, NDArray[np.int64] | NDArray[np.float64]]


def measure(measurer: Measurer, rows: Rows, names: Sequence[str] = HOT_NAMES) -> Columns:
    """Drive a measurer through stored events in one compiled call; return columns.

    The columns are `ts` (ns) and the features named, one value after every row; a missing one is
    NaN in these arrays. Features of the whole depth cost a walk through the book at each row, and
    only where one is named. The measurer stands afterwards as if it had seen the events one by one.
    Raises KeyError for a name that is no feature.
    """
    features = [feature_of(name) for name in names]
    columns = np.array([feature.index for feature in features], dtype=np.int64)
    with_depth = int(any(feature.group is Group.DEPTH for feature in features))
    output = np.empty(rows.kinds.size * columns.size)
    done = 0
    while done < rows.kinds.size:
        done = measure_rows(
            measurer.book.ints,
            measurer.floats,
            rows.kinds,
            rows.stamps,
            rows.starts,
            rows.ticks,
            rows.quanta,
            columns,
            with_depth,
            done,
            output,
        )
        if done < rows.kinds.size:
            measurer.book.make_room()
    _date(measurer.book, rows)
    table = output.reshape(rows.kinds.size, columns.size)
    return {"ts": rows.stamps, **{name: table[:, place] for place, name in enumerate(names)}}


def _date(book: Book, rows: Rows) -> None:
    """Tell the book how far it has come."""
    if rows.stamps.size:
        book.ts_event = int(rows.stamps[-1])
        if np.any(rows.kinds == SNAPSHOT):
            book.set_state(BookState.LIVE, book.ts_event, "stored snapshot applied")
