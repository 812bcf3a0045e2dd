"""Who owns a data folder: one desk at a time, by a lock that dies with its process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from hftlib.client.endpoint import LOCK_FILE, read_endpoint, remove_endpoint
from hftlib.core.errors import HftlibError
from hftlib.wire.messages import Endpoint


class OwnedElsewhereError(HftlibError):
    """Refuse to run a second desk on one data folder; `endpoint` is where the first answers."""

    def __init__(self, data_dir: Path, endpoint: Endpoint | None) -> None:
        """Name the folder and, where it is known, the desk that owns it."""
        where = f"at {endpoint.url} (process {endpoint.pid})" if endpoint else "and is starting"
        super().__init__(f"a desk already runs for {data_dir} {where}")
        self.endpoint = endpoint


@contextmanager
def owning(data_dir: Path) -> Iterator[None]:
    """Own the folder while the block runs; it is made where it is missing.

    Raises OwnedElsewhereError when another process owns it, HftlibError when it cannot be
    written. The lock is the operating system's, so a killed desk leaves none behind.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(data_dir / LOCK_FILE)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise OwnedElsewhereError(data_dir, read_endpoint(data_dir)) from None
    except OSError as error:
        raise HftlibError(f"the data folder {data_dir} cannot be written: {error}") from None
    try:
        remove_endpoint(data_dir)
        yield
    finally:
        remove_endpoint(data_dir)
        lock.release()
