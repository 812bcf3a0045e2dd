"""A market in a process of its own, for tests that throw rubbish at it from outside."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

PROJECT = Path(__file__).resolve().parent.parent.parent
_TOO_MANY = (418, 429)


class MarketProcess:
    """Hold what a test needs of a running market."""

    def __init__(
        self, addresses: dict[str, str], log: Path, process: "subprocess.Popen[bytes]"
    ) -> None:
        self.addresses = addresses
        self.is_stopped = False
        self._process = process
        self.session = requests.Session()
        self._log = log

    def port(self, venue: str) -> int:
        return int(self.addresses[venue].rpartition(":")[2])

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Ask the control interface; whatever it refuses is an error here."""
        url = f"{self.addresses['control']}/control/{path}"
        answer = self.session.request(method, url, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def reset_limits(self) -> None:
        self.control("POST", "limits/reset")

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        """Send a request; once more, with the limits reset, when it was one too many."""
        answer = self.session.send(request, timeout=30, allow_redirects=False)
        if answer.status_code in _TOO_MANY:
            self.reset_limits()
            answer = self.session.send(request, timeout=30, allow_redirects=False)
        return answer

    def book_id(self, venue: str, symbol: str) -> int:
        """Return the update id of the engine's own book."""
        shown = self.control("GET", f"book?venue={venue}&symbol={symbol}&depth=1")
        return int(shown["update_id"])

    def stop(self) -> None:
        """End it before the block does."""
        self.is_stopped = True
        self._process.terminate()
        self._process.wait()

    @property
    def log(self) -> str:
        """Return what the market has written to its standard error."""
        return self._log.read_text(errors="replace")


@contextmanager
def market_process(folder: Path) -> Iterator[MarketProcess]:
    """Run a market on free ports until the block ends."""
    log = folder / "stderr.txt"
    command = [sys.executable, "-m", "hftlib", "market", "--json", "--free-ports"]
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*command, "--data-dir", str(folder)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=written,
        )
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            market = MarketProcess(told["addresses"], log, process)
            yield market
            assert market.is_stopped or process.poll() is None, "the market has died"
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
