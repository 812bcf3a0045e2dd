"""Where the desk of a data folder answers: the file that it leaves there."""

import os
from pathlib import Path
from typing import Final

import msgspec

from hftlib.wire.messages import Endpoint

FILE: Final = "desk.json"
LOCK_FILE: Final = "desk.lock"
TOKEN_FILE: Final = "desk.token"


def read_endpoint(data_dir: Path) -> Endpoint | None:
    """Return what the last desk of the folder left, or None; it need not be alive."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=Endpoint)
    except (OSError, msgspec.MsgspecError):
        return None


def read_token(endpoint: Endpoint) -> str:
    """Return the token of an endpoint, empty where it demands none or the file is not ours."""
    if not endpoint.token_file:
        return ""
    try:
        return Path(endpoint.token_file).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def write_endpoint(data_dir: Path, endpoint: Endpoint) -> None:
    """Leave word where the desk answers, whole or not at all, readable by its owner alone."""
    _write_private(data_dir / FILE, msgspec.json.encode(endpoint))


def write_token(data_dir: Path, token: str) -> Path:
    """Store the token for clients of the same user; return the file's path."""
    path = (data_dir / TOKEN_FILE).resolve()
    _write_private(path, token.encode("ascii"))
    return path


def remove_endpoint(data_dir: Path) -> None:
    """Take the word back: the desk is going."""
    for name in (FILE, TOKEN_FILE):
        (data_dir / name).unlink(missing_ok=True)


def _write_private(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    fresh.replace(path)
