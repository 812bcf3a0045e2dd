"""The clients under proof, each with a virtual environment of its own, made by `make interop`."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "clients"
SNIPPETS = SCRIPTS / "snippets"
ROOT = HERE / ".clients"
INSTALL_SECONDS = 900


class Client(NamedTuple):
    """Name a client as it is reported, its environment, its script and its snippets.

    `lone` is a script that runs when no other client does.
    """

    name: str
    environment: str
    script: str
    snippets: tuple[str, ...]
    lone: str = ""


CLIENTS = (
    Client("ccxt", "ccxt", "ccxt_client", ("ccxt_rest", "ccxt_order")),
    Client("ccxt.pro", "ccxt", "ccxt_pro_client", ("ccxt_pro_book", "ccxt_pro_coinbase")),
    Client(
        "python-binance",
        "python-binance",
        "python_binance_client",
        ("python_binance_order", "python_binance_book"),
    ),
    Client(
        "binance-sdk-spot",
        "binance-sdk-spot",
        "binance_sdk_spot_client",
        ("binance_sdk_spot_bot",),
        "binance_sdk_spot_limits",
    ),
    Client(
        "coinbase-advanced-py",
        "coinbase-advanced-py",
        "coinbase_advanced_client",
        ("coinbase_advanced_ws", "coinbase_advanced_rest"),
    ),
)


class InstallError(Exception):
    """Say why an environment could not be made."""


def requirements(environment: str) -> Path:
    """Return the file that pins an environment, dependencies of dependencies included."""
    return SCRIPTS / f"requirements-{environment}.txt"


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def stamp_of(pins: bytes, python: str = sys.version) -> str:
    """Return what tells one set of pins under one Python from another."""
    return hashlib.sha256(pins + python.encode()).hexdigest()


def install(environment: str) -> Path:
    """Return the environment's interpreter, made anew when its pins changed."""
    pins = requirements(environment)
    wanted = stamp_of(pins.read_bytes())
    folder = ROOT / environment
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return python_of(folder)
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(python_of(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--no-deps", "-r", str(pins)],
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        raise InstallError(f"{environment}: {done.stderr.strip().splitlines()[-1:]}")
    stamp.write_text(wanted)
    return python_of(folder)
