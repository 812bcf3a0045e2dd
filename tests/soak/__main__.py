"""`make soak`: the desk's own live source on the local venues, a random fault every two seconds."""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hftlib.core.compiled import compile_all
from hftlib.desk import opening  # noqa: F401 (it brings the kernels)
from hftlib.io.local.control_client import ControlClient
from tests.soak.ear import BY_ID
from tests.soak.judge import SECOND, Judge, Planted
from tests.soak.menu import VENUES, draw, symbols_at
from tests.soak.report import results_of, table, write

WANTED = [(venue, symbol) for venue in VENUES for symbol in symbols_at(venue)]
PACE_S = 2.0
COMPARE_S = 0.5
COMING_UP_S = 90.0
SETTLING_S = 60.0


def main() -> int:
    """Run the soak; return 0 when every rule held."""
    arguments = _arguments()
    compile_all()
    with tempfile.TemporaryDirectory() as folder, _market(Path(folder), arguments.seed) as told:
        soak = Soak(told, Path(folder), arguments)
        results = asyncio.run(soak.run())
    for line in table(results):
        print(line)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    if arguments.write:
        write(results)
    for complaint in results["broken_rules"]:
        print(f"soak: {complaint}", file=sys.stderr)
    return 1 if results["broken_rules"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=("auto", "off"), default="auto")
    parser.add_argument("--write", action="store_true", help="keep the results in docs/")
    parser.add_argument("--json", type=Path, help="keep the results in a file as well")
    return parser.parse_args()


@contextmanager
def _market(folder: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Run a market in a process of its own; yield what it tells of itself."""
    command = [sys.executable, "-m", "hftlib", "market", "--free-ports", "--json"]
    process = subprocess.Popen(
        [*command, "--seed", str(seed), "--data-dir", str(folder), "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=30)


class Soak:
    """Plant faults at random while the desk runs and the judge is at work."""

    def __init__(self, told: dict[str, Any], folder: Path, arguments: argparse.Namespace) -> None:
        """Soak a desk on the market that told where it is."""
        self.arguments = arguments
        self.judge = Judge()
        self.control = ControlClient(told["addresses"]["control"])
        self.broken: list[str] = []
        self._folder = folder
        self._chance = random.Random(arguments.seed)
        self._logged = 0
        self._desk: asyncio.subprocess.Process | None = None

    async def run(self) -> dict[str, Any]:
        """Run; return the results."""
        async with self._running_desk() as desk:
            helpers = [asyncio.create_task(one) for one in (self._listen(desk), self._check())]
            await self._until_live("at the start", COMING_UP_S)
            started = time.monotonic()
            while time.monotonic() - started < self.arguments.seconds and desk.returncode is None:
                await self._plant()
                await asyncio.sleep(PACE_S)
                self._fail_with(helpers)
            await self._call("DELETE", "faults")
            await self._until_live("at the end", SETTLING_S)
            taken_s = time.monotonic() - started
            if desk.returncode is not None:
                self.broken.append(f"the desk ended with {desk.returncode}")
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self._compare(time.time_ns() + SECOND)
            await self._read_log()
        about = {
            "seed": self.arguments.seed,
            "machine": f"{platform.system()}, {os.cpu_count()} cores",
            "seconds": round(taken_s, 1),
        }
        return results_of(self.judge, about, self.broken)

    @asynccontextmanager
    async def _running_desk(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run the desk that is soaked until the block ends."""
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "tests.soak.desk", self._folder, self.arguments.store)
        with (self._folder / "desk.txt").open("wb") as log:
            desk = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=log, limit=2**24
            )
            assert desk.stdin is not None
            try:
                yield desk
            finally:
                desk.stdin.close()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(30):
                        await desk.wait()
                if desk.returncode is None:
                    self.broken.append("the desk did not end when it was told to")
                    desk.kill()
                if desk.returncode != 0:
                    sys.stderr.write((self._folder / "desk.txt").read_text()[-4_000:])

    def _fail_with(self, helpers: list[asyncio.Task[None]]) -> None:
        for helper in helpers:
            if helper.done():
                helper.result()

    async def _listen(self, desk: asyncio.subprocess.Process) -> None:
        assert desk.stdout is not None
        async for line in desk.stdout:
            self.judge.hear(msgspec.json.decode(line))
        await asyncio.Event().wait()

    async def _call(self, method: str, path: str, body: Any = None, query: Any = None) -> Any:
        return await asyncio.to_thread(self.control.call, method, path, body, query)

    async def _plant(self) -> None:
        kind, venue, specs = draw(self._chance)
        print(f"soak: {kind.name} at {venue}", file=sys.stderr, flush=True)
        for spec in specs:
            number = (await self._call("POST", "faults", spec))["fault"]
            self.judge.planted[number] = Planted(kind, spec, time.time_ns())

    async def _read_log(self) -> None:
        events = (await self._call("GET", "faults/log", None, {"after": self._logged}))["events"]
        self._logged = max((event["number"] for event in events), default=self._logged)
        self.judge.events += events

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(COMPARE_S)
            await self._compare(time.time_ns() - SECOND // 5)
            await self._read_log()

    async def _compare(self, before_ns: int) -> None:
        for (venue, symbol, depth), checks in self.judge.due(before_ns).items():
            name = "update_ids" if venue in BY_ID else "times_ns"
            asked = {"venue": venue, "symbol": symbol, "depth": depth}
            asked[name] = [check.at for check in checks]
            answer = await self._call("POST", "book/digests", asked)
            self.judge.compare(checks, answer["digests"])

    async def _until_live(self, when: str, patience_s: float) -> None:
        """Wait until every book is LIVE; complain of those that never are."""
        end = time.monotonic() + patience_s
        while missing := self.judge.not_live(WANTED):
            if time.monotonic() >= end:
                break
            await asyncio.sleep(0.05)
        if missing:
            reasons = self.judge.reasons
            told = [f"{' '.join(key)} ({reasons.get(key, 'never came')})" for key in missing]
            self.broken.append(f"not LIVE {when}: {', '.join(told)}")


if __name__ == "__main__":
    sys.exit(main())
