"""What must hold after a kill: the acknowledged is there, tapes can be read, nobody is left."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from hftlib.client.connection import DeskConnection
from hftlib.desk.replay import replay
from hftlib.io.ledger import reading
from hftlib.io.ledger.database import LedgerDatabase
from hftlib.io.tape.reader import TapeReader
from tests.desk_support.server import eventually
from tests.kill.desk_process import is_running
from tests.kill.ledger_load import ACCOUNT, VENUE

GONE_WITHIN_S = 60.0
"""Beyond this a process is an orphan; how long it really took is among the figures."""

_PAGE = 1_000


def seconds_until_gone(names: Mapping[int, str]) -> tuple[float, str]:
    """Return how long it took until none of the processes ran, and which went last."""
    began_s = time.monotonic()
    waiting = dict(names)
    last = ""

    def none_left() -> bool:
        nonlocal last
        for pid in [pid for pid in waiting if not is_running(pid)]:
            last = waiting.pop(pid)
        return not waiting

    try:
        eventually(none_left, within_s=GONE_WITHIN_S)
    except AssertionError:
        raise AssertionError(f"left behind by a killed desk: {waiting}") from None
    return time.monotonic() - began_s, last


def labels_kept(connection: DeskConnection, since: int) -> tuple[set[str], int]:
    """Return the labels of all marks with a number above `since`, and the highest number."""
    labels: set[str] = set()
    highest, before = since, None
    while True:
        page = [mark for mark in connection.marks(_PAGE, before) if mark.mark_id > since]
        labels.update(mark.label for mark in page)
        highest = max([highest, *(mark.mark_id for mark in page)])
        if len(page) < _PAGE:
            return labels, highest
        before = page[-1].mark_id


def labels_in(path: Path) -> set[str]:
    """Return the labels of all marks in the ledger of a desk that is gone; it must be whole."""
    ledger = LedgerDatabase(path)
    try:
        (whole,) = ledger.read(lambda db: db.execute("PRAGMA integrity_check").fetchone())
        assert whole == "ok", whole
        return {one.mark.label for one in ledger.read(lambda db: reading.marks(db, 2**31))}
    finally:
        ledger.close()


def check_ledger(path: Path, acknowledged: Iterable[str]) -> int:
    """Compare a ledger with what was acknowledged and with itself; return its orders."""
    ledger = LedgerDatabase(path)
    try:
        lost = [
            name
            for name in acknowledged
            if ledger.read(lambda db, name=name: reading.order(db, ACCOUNT, name)) is None
        ]
        assert not lost, f"{len(lost)} acknowledged orders lost, the first {lost[0]}"
        assert ledger.read(reading.open_orders) == [], "an order is there without its fills"
        fills = ledger.read(lambda db: reading.fills(db, ACCOUNT))
        recomputed = Counter[str]()
        for one in fills:
            recomputed["BTC"] += one.fill.size_lots
            recomputed["USDT"] -= one.fill.size_lots * one.fill.price_ticks + one.fill.fee_units
        balances = ledger.read(reading.balances)
        kept = {currency: balances.get((ACCOUNT, VENUE, currency), 0) for currency in recomputed}
        assert kept == dict(recomputed), f"cash {kept}, from the fills {recomputed}"
        return len({one.fill.client_order_id for one in fills})
    finally:
        ledger.close()


def check_tapes(folder: Path) -> int:
    """Read every tape to its last whole block and replay it; return its frames."""
    frames = 0
    for path in sorted(folder.glob("*.tape")):
        reader = TapeReader(path)
        reader.verify()
        if reader.manifest.records:
            frames += replay([path], hashed=False).frames
    return frames
