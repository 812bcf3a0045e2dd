"""The desk's figures for Prometheus: made anew from its statuses whenever they are asked for.

Names follow Prometheus' rules: base units (seconds, bytes), `_total` on what only grows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from hftlib.core.states import BookState
from hftlib.desk.latency import Histogram
from hftlib.desk.tallies import Tallies
from hftlib.wire.messages import BudgetStatus, Health, LaneStatus

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
EDGES_S: Final = (
    *(5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4),
    *(1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 1.0),
)
"""Upper edges of the latency buckets in seconds."""

_CONDITIONS: Final = ("OK", "DEGRADED", "BROKEN")
_PREFIX: Final = "hftlib_"

Stages = Mapping[str, Histogram]
Snapshot = tuple[Health, Tallies | None, Stages]


class DeskCollector(Collector):
    """Make the metrics of a desk from what it tells of itself."""

    def __init__(self, look: Callable[[], Snapshot]) -> None:
        """Ask `look` how the desk is."""
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is depends on what runs."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as it stands."""
        health, tallies, stages = self._look()
        yield from _of_desk(health)
        if tallies is not None:
            yield from _of_run(tallies)
        yield from _of_lanes(health.lanes)
        yield from _of_budgets(health.budgets)
        yield from _of_keepers(health)
        if stages:
            yield _of_stages(stages)


def metrics_text(registry: CollectorRegistry) -> bytes:
    """Return the text that Prometheus reads."""
    return generate_latest(registry)


def registry_of(look: Callable[[], Snapshot]) -> CollectorRegistry:
    """Return a registry of one desk and its process; nothing in it is shared with another."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DeskCollector(look))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, words, value=value)


def _counter(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(_PREFIX + name, words, value=value)


def _of_desk(health: Health) -> Iterator[Metric]:
    about = {"version": health.version, "source": health.source.value, "origin": health.origin}
    yield InfoMetricFamily(f"{_PREFIX}desk", "What the desk is and shows", value=about)
    condition = GaugeMetricFamily(
        f"{_PREFIX}condition", "1 for the condition that the desk is in", labels=["condition"]
    )
    for name in _CONDITIONS:
        condition.add_metric([name], float(health.condition == name))
    yield condition
    yield _gauge("uptime_seconds", "Time since the start", health.uptime_s)
    if health.first_book_s is not None:
        yield _gauge("first_book_seconds", "Start to first trusted book", health.first_book_s)
    yield _gauge("clients", "Websockets of clients", health.clients)
    yield _gauge("topics", "Topics that clients follow", health.topics)
    yield _gauge("history_bytes", "Memory of the columns kept for clients", health.history_bytes)
    gc = health.gc
    yield _counter("gc_collections", "Garbage collections since the warm-up", gc.collections)
    yield _counter("gc_pause_seconds", "Time in garbage collections", gc.total_ms / 1e3)
    yield _gauge("gc_longest_pause_seconds", "Longest garbage collection", gc.longest_ms / 1e3)


def _of_run(tallies: Tallies) -> Iterator[Metric]:
    books = GaugeMetricFamily(f"{_PREFIX}books", "Books by their state", labels=["state"])
    by_state = tallies.by_state()
    for state in BookState:
        books.add_metric([state.value], by_state[state])
    yield books
    trusted = GaugeMetricFamily(
        f"{_PREFIX}book_live", "1 while a book is trusted", labels=["venue", "symbol"]
    )
    for book in tallies.books:
        trusted.add_metric([book.venue, book.symbol], float(book.state is BookState.LIVE))
    yield trusted
    for name, words, value in (
        ("frames", "Frames through the engine", tallies.frames),
        ("events", "Events decoded", tallies.events),
        ("gaps", "Gaps met", tallies.gaps),
        ("resyncs", "Books synced again", tallies.resyncs),
        ("decode_errors", "Frames or values that could not be read", tallies.decode_errors),
        ("crossed", "Books found crossed", tallies.crossed),
        ("drifts", "Books found to differ from REST", tallies.drifts),
    ):
        yield _counter(name, words, value)


def _of_lanes(lanes: Iterable[LaneStatus]) -> Iterator[Metric]:
    labels = ["venue", "connection"]
    is_open = GaugeMetricFamily(f"{_PREFIX}lane_open", "1 while a lane is open", labels=labels)
    frames = CounterMetricFamily(f"{_PREFIX}lane_frames", "Frames of a lane", labels=labels)
    again = CounterMetricFamily(f"{_PREFIX}lane_reconnects", "Reconnections", labels=labels)
    silent = GaugeMetricFamily(f"{_PREFIX}lane_silent_seconds", "Time unheard", labels=labels)
    for lane in lanes:
        of = [lane.venue, lane.connection]
        is_open.add_metric(of, float(lane.state == "OPEN"))
        frames.add_metric(of, lane.frames)
        again.add_metric(of, lane.reconnects)
        if lane.age_ms is not None:
            silent.add_metric(of, lane.age_ms / 1e3)
    yield from (is_open, frames, again, silent)


def _of_budgets(budgets: Iterable[BudgetStatus]) -> Iterator[Metric]:
    used = GaugeMetricFamily(f"{_PREFIX}rest_used", "Allowance used", labels=["venue"])
    limit = GaugeMetricFamily(f"{_PREFIX}rest_limit", "Allowance", labels=["venue"])
    asked = CounterMetricFamily(f"{_PREFIX}rest_requests", "Requests sent", labels=["venue"])
    refused = CounterMetricFamily(f"{_PREFIX}rest_refused", "Requests refused", labels=["venue"])
    delayed = CounterMetricFamily(f"{_PREFIX}rest_delayed", "Requests delayed", labels=["venue"])
    offset = GaugeMetricFamily(
        f"{_PREFIX}clock_offset_seconds", "A venue's clock less this one", labels=["venue"]
    )
    for one in budgets:
        used.add_metric([one.venue], one.used)
        limit.add_metric([one.venue], one.limit)
        asked.add_metric([one.venue], one.requests)
        refused.add_metric([one.venue], one.refused)
        delayed.add_metric([one.venue], one.delayed)
        if one.clock_offset_ms is not None:
            offset.add_metric([one.venue], one.clock_offset_ms / 1e3)
    yield from (used, limit, asked, refused, delayed, offset)


def _of_keepers(health: Health) -> Iterator[Metric]:
    """Yield the metrics of tape, store and ledger, of those that there are."""
    tape, store, ledger = health.tape, health.store, health.ledger
    if tape is not None:
        yield _counter("tape_bytes", "Bytes of this run on the disk", tape.bytes)
        yield _counter("tape_frames", "Frames recorded", tape.frames)
        yield _counter("tape_lost_frames", "Frames not recorded", tape.lost)
        yield _gauge("tape_queued_bytes", "Bytes that wait for the disk", tape.queued_bytes)
        yield _gauge("tape_trouble", "1 while the tape is in trouble", bool(tape.trouble))
    if store is not None:
        yield _gauge("store_up", "1 while the store runs", store.state == "RUNNING")
        yield _counter("store_confirmed_rows", "Rows that the store has", store.confirmed)
        yield _gauge("store_queued_rows", "Rows that wait for the store", store.queued)
        yield _counter("store_delayed_rows", "Rows that were sent again", store.delayed)
        yield _counter("store_refused_rows", "Rows without room", store.refused)
    if ledger is not None:
        yield _counter("ledger_entries", "Entries on the disk", ledger.entries)
        yield _counter("ledger_commits", "Commits since the start", ledger.commits)
        yield _gauge("ledger_waiting", "Entries that wait for the disk", ledger.waiting)
        yield _gauge("ledger_trouble", "1 while the ledger is in trouble", bool(ledger.trouble))
        for share, took_ms in (("p50", ledger.sync_p50_ms), ("p99", ledger.sync_p99_ms)):
            if took_ms is not None:
                name, words = f"ledger_sync_{share}_seconds", f"Last commits' syncs, {share}"
                yield _gauge(name, words, took_ms / 1e3)


def _of_stages(stages: Stages) -> Metric:
    family = HistogramMetricFamily(
        f"{_PREFIX}stage_seconds",
        "From a frame's receipt to the end of a stage of the engine",
        labels=["stage"],
    )
    for stage, measured in stages.items():
        family.add_metric([stage], _cumulative(measured), measured.total_ns / 1e9)
    return family


def _cumulative(measured: Histogram) -> list[tuple[str, float]]:
    """Return (upper edge, durations up to it), as Prometheus counts."""
    counts = [0] * (len(EDGES_S) + 1)
    for bucket in measured.buckets():
        place = sum(edge < bucket.edge_ns / 1e9 for edge in EDGES_S)
        counts[place] += bucket.count
    edges = [*map(repr, EDGES_S), "+Inf"]
    return [(edge, float(count)) for edge, count in zip(edges, accumulate(counts), strict=True)]
