"""`make soak`: our own codecs on the running local venues, every fault in turn."""

import argparse
import asyncio
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hftlib.core.compiled import compile_all
from hftlib.core.states import BookState
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from hftlib.engine.engine import Engine
from hftlib.io.local.control_client import ControlClient
from tests.soak.driver import Driver
from tests.soak.judge import BY_ID, Judge
from tests.soak.lanes import instruments, lanes
from tests.soak.report import empty_row, finished, table, write
from tests.soak.trials import TRIALS, Trial

SECOND = 1_000_000_000
SETTLE_S = 4.0
"""Time after a fault in which books come back and notices are waited for."""
ROUND_S = 200.0
"""Time for all faults in turn; a shorter soak gives each of them less."""
LEAST_PACE = 0.3


def main() -> int:
    """Run the soak; return 0 when every rule held."""
    arguments = _arguments()
    compile_all()
    with _market(arguments.seed) as told:
        results = asyncio.run(Soak(told, arguments.seconds, arguments.seed).run())
    for line in table(results):
        print(line)
    if arguments.write:
        write(results)
    for complaint in results["broken_rules"]:
        print(f"soak: {complaint}", file=sys.stderr)
    return 1 if results["broken_rules"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="keep the results in docs/")
    return parser.parse_args()


@contextmanager
def _market(seed: int) -> Iterator[dict[str, Any]]:
    """Run a market in a process of its own; yield what it tells of itself."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hftlib", "market", "--free-ports", "--json"]
        process = subprocess.Popen(
            [*command, "--seed", str(seed), "--data-dir", folder, "--with-parent"],
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
    """Run the faults in turn while driver and judge are at work."""

    def __init__(self, told: dict[str, Any], seconds: float, seed: int) -> None:
        """Soak the market that told where it is for about `seconds`."""
        self.seconds = seconds
        self.seed = seed
        self.pace = min(max(seconds / ROUND_S, LEAST_PACE), 1.0)
        self.engine = Engine(instruments())
        self.judge = Judge(self.engine)
        self.driver = Driver(self.engine, lanes(told["addresses"]), self.judge.hear)
        self.control = ControlClient(told["addresses"]["control"])
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.broken: list[str] = []
        self._logged = 0

    async def run(self) -> dict[str, Any]:
        """Run; return the results."""
        driving = asyncio.create_task(self.driver.run())
        checking = asyncio.create_task(self._check())
        started = time.monotonic()
        await self._until_live("at the start")
        done = 0
        for trial in itertools.cycle(TRIALS):
            left_s = self.seconds - time.monotonic() + started
            if left_s <= 0 or driving.done():
                break
            done += await self._try(trial, left_s)
        await self._until_live("at the end")
        taken = time.monotonic() - started
        for task in (driving, checking):
            task.cancel()
        for ended in await asyncio.gather(driving, checking, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        await self._compare(self.driver.now_ns())
        return self._results(taken, done)

    async def _call(self, method: str, path: str, body: Any = None, query: Any = None) -> Any:
        return await asyncio.to_thread(self.control.call, method, path, body, query)

    async def _try(self, trial: Trial, left_s: float) -> bool:
        """Plant one fault, let it work, take it back, let the books come back, judge.

        Return False where there is not time enough for it.
        """
        settle_s = SETTLE_S * self.pace
        length_s = trial.seconds * (1.0 if trial.is_long else self.pace)
        if trial.is_long and length_s + settle_s > left_s:
            return False
        print(f"soak: {trial.name}", file=sys.stderr, flush=True)
        await self._call("POST", "limits/reset")
        wrong_before = len(self.judge.wrong)
        self.judge.notices.clear()
        self.judge.compares_times = not trial.moves_time
        for spec in trial.specs:
            await self._call("POST", "faults", spec)
        await asyncio.sleep(length_s)
        await self._call("DELETE", "faults")
        until_ns = self.driver.now_ns()
        await asyncio.sleep(settle_s)
        await self._until_live(f"after {trial.name}")
        await self._compare(self.driver.now_ns())
        self.judge.compares_times = True
        events = (await self._call("GET", "faults/log", None, {"after": self._logged}))["events"]
        self._logged = max((event["number"] for event in events), default=self._logged)
        self._judge(trial, events, wrong_before, until_ns)
        return True

    def _judge(
        self, trial: Trial, events: list[dict[str, Any]], wrong_before: int, until_ns: int
    ) -> None:
        wrong = self.judge.wrong[wrong_before:]
        by_venue: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in events:
            if event["kind"] == trial.kind:
                by_venue[event["venue"]].append(event)
        for venue, injected in by_venue.items():
            row = self.rows.setdefault((trial.name, venue), empty_row(trial.name, venue))
            row["injected"] += len(injected)
            row["wrong_while_live"] += sum(check.venue == venue for check in wrong)
            horizon = until_ns + int(SETTLE_S * self.pace * SECOND)
            for event in injected:
                notice = self.judge.noticed(event, horizon)
                if notice is not None:
                    row["until_detected_s"].append((notice.seen_ns - event["time_ns"]) / SECOND)
                    row["by"].add(str(notice.condition))
            self._hold_to_rules(trial, venue, injected, row)

    def _hold_to_rules(
        self, trial: Trial, venue: str, injected: list[Any], row: dict[str, Any]
    ) -> None:
        checked = venue in BY_ID or (venue == COINBASE and trial.shows_on_advanced)
        if checked and row["wrong_while_live"]:
            self.broken.append(f"{trial.name} on {venue}: wrong while LIVE")
        if checked and trial.shows and len(row["until_detected_s"]) < row["injected"]:
            self.broken.append(
                f"{trial.name} on {venue}: {len(row['until_detected_s'])} of "
                f"{row['injected']} noticed"
            )
        if trial.shows_once and not row["until_detected_s"]:
            self.broken.append(f"{trial.name} on {venue}: never noticed")

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self._compare(self.driver.now_ns() - SECOND // 10)

    async def _compare(self, before_ns: int) -> None:
        for (venue, symbol, depth), checks in self.judge.due(before_ns).items():
            name = "update_ids" if venue in BY_ID else "times_ns"
            asked = {"venue": venue, "symbol": symbol, "depth": depth}
            asked[name] = [check.at for check in checks]
            answer = await self._call("POST", "book/digests", asked)
            self.judge.compare(checks, answer["digests"])

    async def _until_live(self, when: str, patience_s: float = 60.0) -> None:
        """Wait until every book is LIVE; complain of those that never are."""
        end = time.monotonic() + patience_s
        wanted = {(lane.venue, one) for lane in self.driver.lanes for one in lane.symbols}
        while time.monotonic() < end:
            live = {k for k, book in self.engine.books.items() if book.state is BookState.LIVE}
            if wanted <= live:
                return
            await asyncio.sleep(0.05)
        told = ", ".join(f"{venue} {symbol}" for venue, symbol in sorted(wanted - live))
        self.broken.append(f"not LIVE {when}: {told}")

    def _results(self, taken_s: float, trials: int) -> dict[str, Any]:
        for venue in (BINANCE, BINANCE_USDM):
            if any(check.venue == venue for check in self.judge.wrong):
                self.broken.append(f"a LIVE book of {venue} was wrong")
        rows = [finished(row) for row in self.rows.values()]
        return {
            "seconds": round(taken_s, 1),
            "seed": self.seed,
            "machine": f"{platform.system()}, {os.cpu_count()} cores",
            "trials": trials,
            "frames": self.driver.frames,
            "reconnects": self.driver.reconnects,
            "comparisons": dict(self.judge.compared),
            "not_kept": dict(self.judge.unknown),
            "wrong_while_live": len(self.judge.wrong),
            "faults": rows,
            "broken_rules": list(dict.fromkeys(self.broken)),
        }


if __name__ == "__main__":
    sys.exit(main())
