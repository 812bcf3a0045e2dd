"""What a client's script reports: one JSON line for each feature. Standard library only.

The script runs in its library's own environment, where hftlib is not installed.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

FEATURE_SECONDS = 45.0
"""Longest time of one feature, the watching not counted."""


class KnownDefectError(Exception):
    """Say that the client itself falls short, in the words of the protocol fact sheet."""


class Results:
    """Run one client's features and tell what became of each."""

    def __init__(self, client: str, package: str | None = None) -> None:
        self.client = client
        self.version = version(package or client)
        self.failed = 0

    def tell(self, feature: str, result: str, note: str) -> None:
        """Print one result."""
        self.failed += result == "fail"
        row = {
            "client": self.client,
            "version": self.version,
            "feature": feature,
            "result": result,
            "note": note,
        }
        print("RESULT " + json.dumps(row), flush=True)

    async def run(
        self,
        feature: str,
        check: Callable[[], Awaitable[str]],
        seconds: float = FEATURE_SECONDS,
    ) -> bool:
        """Run a check; what it returns is the note. An exception is a fail with its text."""
        try:
            note = await asyncio.wait_for(check(), seconds)
        except KnownDefectError as defect:
            self.tell(feature, "known-defect", str(defect))
            return True
        except TimeoutError:
            self.tell(feature, "fail", f"not done within {seconds:.0f} s")
        except Exception as error:
            self.tell(feature, "fail", reason(error))
            traceback.print_exc(file=sys.stderr)
        else:
            self.tell(feature, "pass", note)
            return True
        return False


def reason(error: BaseException) -> str:
    """Return an exception's kind and text on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:400]


def expect(found: object, wanted: object, what: str) -> None:
    """Raise AssertionError unless both are equal."""
    if found != wanted:
        raise AssertionError(f"{what}: got {found!r}, expected {wanted!r}")


def ensure(holds: object, what: str) -> None:
    """Raise AssertionError unless it holds."""
    if not holds:
        raise AssertionError(what)


def setup() -> dict[str, Any]:
    """Return what the driver told this script: addresses and seconds."""
    found: dict[str, Any] = json.loads(os.environ["INTEROP_SETUP"])
    return found


def main(body: Callable[[], Awaitable[Results]]) -> None:
    """Run a script's body; leave with 1 when a feature failed."""
    results = asyncio.run(body())
    # Libraries leave threads and sockets behind; the results are told already.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if results.failed else 0)
