"""Watch a feed for a while and hold what the client made of it against the engine. Stdlib only."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from local_market import Book, Levels, LocalMarket
from results import ensure, expect

CHECK_SECONDS = 1.0
"""Time between two comparisons with the engine's book while watching."""


class Sample(NamedTuple):
    """Hold a client's book, and what says at which point of the engine's it is."""

    update_id: int | None
    time_ns: int | None
    bids: Levels
    asks: Levels


def nanoseconds(text: str) -> int:
    """Return an ISO time as nanoseconds; digits beyond its last are taken as nines.

    A book's time names the newest change in it, cut to the digits shown.
    """
    whole, _, fraction = text.rstrip("Z").partition(".")
    at = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(at.timestamp()) * 10**9 + int(fraction.ljust(6, "0").ljust(9, "9"))


def compare(sample: Sample, truth: Book, depth: int) -> None:
    """Raise AssertionError unless the first `depth` levels of both sides are equal."""
    for side, found, wanted in (
        ("bids", sample.bids, truth.bids),
        ("asks", sample.asks, truth.asks),
    ):
        for place, (ours, theirs) in enumerate(zip(found[:depth], wanted[:depth])):
            if ours != theirs:
                where = f"{side}[{place}] at id {sample.update_id}, time {sample.time_ns}"
                raise AssertionError(f"{where}: client {_text(ours)}, engine {_text(theirs)}")
        short = min(len(found), len(wanted), depth)
        ensure(short > 0, f"no {side}")
        expect(min(len(found), depth), min(len(wanted), depth), f"number of {side}")


def _text(level: tuple[Decimal, Decimal]) -> str:
    return f"{level[0]} x {level[1]}"


async def watch_book(
    market: LocalMarket,
    venue: str,
    symbol: str,
    seconds: float,
    step: Callable[[], Awaitable[Sample | None]],
    depth: int = 5_000,
    settle: int = 3,
) -> str:
    """Take frames by `step` for a while; compare once a second and at the end.

    `step` returns the client's book after a frame, or None where there is none yet. The first
    `settle` frames are not compared.
    """
    end = time.monotonic() + seconds
    due = time.monotonic()
    frames = compared = 0
    sample: Sample | None = None
    while time.monotonic() < end or compared < 2:
        sample = await step()
        frames += sample is not None
        if sample is None or frames <= settle or time.monotonic() < due:
            continue
        due = time.monotonic() + CHECK_SECONDS
        await _hold(market, venue, symbol, sample, depth)
        compared += 1
    final = None
    while final is None:
        final = await step()
    truth = await _hold(market, venue, symbol, final, depth)
    held = min(len(final.bids), depth), min(len(final.asks), depth)
    at = f"update id {final.update_id}" if final.update_id is not None else f"{final.time_ns} ns"
    ensure(truth.bids[0][0] < truth.asks[0][0], "the engine's book is crossed")
    return (
        f"{frames} frames in {seconds:.0f} s; equal to the engine's book {compared + 1} times, "
        f"last at {at}, {held[0]} bids and {held[1]} asks"
    )


async def hold_once(
    market: LocalMarket, venue: str, symbol: str, sample: Sample, depth: int = 5_000
) -> str:
    """Compare one book with the engine's."""
    truth = await _hold(market, venue, symbol, sample, depth)
    held = f"{len(sample.bids)} bids and {len(sample.asks)} asks"
    return f"{held} equal to the engine's book at update id {truth.update_id}"


async def _hold(market: LocalMarket, venue: str, symbol: str, sample: Sample, depth: int) -> Book:
    truth = await asyncio.to_thread(
        market.book, venue, symbol, sample.update_id, sample.time_ns, depth
    )
    if sample.update_id is not None:
        expect(truth.update_id, sample.update_id, "update id of the engine's book")
    else:
        truth = await _same_moment(market, venue, symbol, sample, truth, depth)
    compare(sample, truth, depth)
    return truth


async def _same_moment(
    market: LocalMarket, venue: str, symbol: str, sample: Sample, latest: Book, depth: int
) -> Book:
    """Return the book within a stamp's microsecond that equals the sample's, else the latest.

    Several changes can bear one stamp and come in frames of their own.
    """
    truth = latest
    while truth.time_ns // 1000 == latest.time_ns // 1000 == (sample.time_ns or 0) // 1000:
        try:
            compare(sample, truth, depth)
            return truth
        except AssertionError:
            truth = await asyncio.to_thread(
                market.book, venue, symbol, truth.update_id - 1, None, depth
            )
    return latest


async def gather_for(
    seconds: float, receive: Callable[[], Awaitable[Any]], at_least: int = 1
) -> list[Any]:
    """Take messages for a while; go on until there are `at_least` so many."""
    end = time.monotonic() + seconds
    found: list[Any] = []
    while time.monotonic() < end or len(found) < at_least:
        try:
            message = await asyncio.wait_for(receive(), max(end - time.monotonic(), 0.05))
        except TimeoutError:
            continue
        if message is not None:
            found.append(message)
    return found


def check_trade_ids(ids: Iterable[int]) -> int:
    """Return how many trades came; raise AssertionError where one is missing or comes twice."""
    listed = list(ids)
    for before, after in itertools.pairwise(listed):
        expect(after, before + 1, "trade id after the last one")
    return len(listed)
