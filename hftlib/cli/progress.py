"""Progress of long work on stderr; nothing is drawn where stderr is no terminal."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

from tqdm import tqdm

Show = Callable[[int, int], None]
"""Called as show(done, in all)."""


@contextlib.contextmanager
def progress_of(unit: str, *, scaled: bool = False) -> Iterator[Show]:
    """Draw a bar that counts `unit` (`scaled`: with k and M) and take it away at the end."""
    bar: tqdm[NoReturn]
    with tqdm(unit=unit, unit_scale=scaled, file=sys.stderr, disable=None, leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
