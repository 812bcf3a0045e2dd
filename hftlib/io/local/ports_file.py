"""Where a running local market answers: the line that it prints, and the file that it leaves."""

import os
from pathlib import Path
from typing import Final

import msgspec

FILE: Final = "market.json"
CHILD_FILE: Final = "market-child.json"
"""What a market that a desk started leaves: it ends with that desk, so that no other desk may join
it, not even the next one of the folder, which may come while it is still ending."""


class Addresses(msgspec.Struct, frozen=True):
    """Tell where a market answers: URLs by venue, `control` among them, and its authority's file.

    A venue's websockets are at the same host and port as its REST. `pid` is the process.
    """

    addresses: dict[str, str]
    ca: str
    pid: int


def read_addresses(path: Path) -> Addresses | None:
    """Return what the last market left at `path`, or None; it need not be alive."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Addresses)
    except (OSError, msgspec.MsgspecError):
        return None


def write_addresses(path: Path, told: Addresses) -> None:
    """Leave word, whole or not at all, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(msgspec.json.encode(told))
    fresh.replace(path)


def remove_addresses(path: Path) -> None:
    """Take the word back, unless another market has left its own since."""
    left = read_addresses(path)
    if left is not None and left.pid == os.getpid():
        path.unlink(missing_ok=True)
