"""`make interop`: run every client against one local market, and write down what became of it."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.interop import report, snippets
from tests.interop.environments import CLIENTS, ROOT, SCRIPTS, Client, install
from tests.interop.market_process import lifted_limits, open_market
from tests.interop.report import Row

SCRIPT_SECONDS = 420.0
"""Longest time of one client's script, the watching not counted."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.interop", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each watch")
    parser.add_argument(
        "--client",
        action="append",
        choices=[client.name for client in CLIENTS],
        help="only this one (more than once for several); writes nothing to docs",
    )
    return parser.parse_args()


def run_client(client: Client, setup: dict[str, str], seconds: float) -> list[Row]:
    """Run a client's script and its snippets."""
    rows = run_script(client, client.script, setup, seconds)
    python, version = install(client.environment), rows[0].version
    rows += [snippets.run(client, name, python, setup, version) for name in client.snippets]
    _say(f"{client.name}: {sum(row.result != 'fail' for row in rows)} of {len(rows)} features")
    return rows


def run_script(client: Client, script: str, setup: dict[str, str], seconds: float) -> list[Row]:
    """Run one script in the client's environment; one that dies is a fail of its own."""
    told = os.environ | {"INTEROP_SETUP": json.dumps(setup | {"seconds": seconds})}
    told.pop("PYTHONPATH", None)
    log = ROOT / f"{script}.log"
    with log.open("w") as errors:
        try:
            done = subprocess.run(
                [str(install(client.environment)), "-W", "ignore", str(SCRIPTS / f"{script}.py")],
                env=told,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                timeout=SCRIPT_SECONDS + 4 * seconds,
                check=False,
            )
            output, died = done.stdout, done.returncode not in (0, 1)
        except subprocess.TimeoutExpired as error:
            output, died = (error.stdout or b"").decode(), True
    rows = report.rows_of(output)
    if died or not rows:
        version = rows[0].version if rows else "unknown"
        last = (log.read_text().strip().splitlines() or ["no output"])[-1]
        rows.append(Row(client.name, version, script, "fail", f"ended early: {last}"[:300]))
    return rows


def _say(what: str) -> None:
    print(f"interop: {what}", file=sys.stderr, flush=True)


def run(clients: Sequence[Client], seconds: float) -> tuple[list[Row], list[str]]:
    """Open a market, run the clients against it side by side, then steer it as the page says.

    Return the clients' results, and the lines of the page that failed.
    """
    begin = time.monotonic()
    environments = dict.fromkeys(client.environment for client in clients)
    with ThreadPoolExecutor(len(environments)) as pool:
        list(pool.map(install, environments))
    _say(f"environments ready after {time.monotonic() - begin:.0f} s")
    begin = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_market(Path(folder), ROOT / "market.log") as setup,
    ):
        _say(f"market open after {time.monotonic() - begin:.0f} s")
        with lifted_limits(setup["control"]), ThreadPoolExecutor(len(clients)) as pool:
            done = list(pool.map(lambda client: run_client(client, setup, seconds), clients))
        rows = [row for found in done for row in found]
        for client in clients:
            if client.lone:
                rows += run_script(client, client.lone, setup, seconds)
        commands = snippets.steering(snippets.PAGE.read_text(encoding="utf-8"))
        failed = snippets.steer(setup["control"], commands)
    _say(f"done in {time.monotonic() - begin:.0f} s; {len(commands)} lines of ctl carried out")
    return rows, failed


def main() -> int:
    """Run the proof; return 1 where any feature of any client failed."""
    arguments = _arguments()
    chosen = [one for one in CLIENTS if not arguments.client or one.name in arguments.client]
    rows, failed = run(chosen, arguments.seconds)
    wrong = report.complaints(rows, [client.name for client in chosen]) + failed
    if not arguments.client:
        report.write(rows, arguments.seconds)
    for line in wrong:
        _say(f"FAIL {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
