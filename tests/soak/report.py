"""What a soak leaves: a table, docs/reliability.json, its part of docs/reliability.md."""

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from tests.soak.judge import Judge, Outage

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
RESULTS = DOCS / "reliability.json"
DOCUMENT = DOCS / "reliability.md"
BEGIN = "<!-- soak: begin (written by `make soak ARGS=--write`, not by hand) -->"
END = "<!-- soak: end -->"
SEQUENCED = (BINANCE, BINANCE_USDM, COINBASE)
"""Venues whose protocol has sequence numbers."""
RESYNC_P95_S = 2.0
GROWTH = 0.02
LEAST_SECONDS = 600.0
"""Memory and resyncs are judged in soaks of this length: shorter ones still warm up, and have too
few resyncs for a percentile."""
_MB = 1_000_000
_TOO_MANY = ("429", "418")


def results_of(judge: Judge, about: dict[str, Any], broken: list[str]) -> dict[str, Any]:
    """Return the figures of a soak and the rules that it broke."""
    hidden = [judge.is_hidden(check) for check in judge.wrong]
    wrong = [check for check, is_hidden in zip(judge.wrong, hidden, strict=True) if not is_hidden]
    resyncs = sorted(judge.resyncs_s())
    times = [seconds for seconds, _ in resyncs]
    rows = _rows(judge)
    results = {
        **about,
        "faults_injected": sum(row["injected"] for row in rows),
        "comparisons": dict(judge.compared),
        "not_kept": dict(judge.unknown),
        "too_shallow": dict(judge.shallow),
        "wrong_while_live": dict(Counter(check.venue for check in wrong)),
        "wrong_by_hidden_faults": dict(
            Counter(check.venue for check, one in zip(judge.wrong, hidden, strict=True) if one)
        ),
        "wrong_examples": [check._asdict() for check in wrong[:20]],
        "resyncs": {**_resyncs(times), "slowest": _slowest(judge, resyncs[-12:])},
        "weight": _weight(judge),
        "memory": _memory([second["resident_bytes"] for second in judge.seconds]),
        "minutes": [_minute(second) for second in judge.seconds[::60]],
        **_last(judge),
        "faults": rows,
    }
    return {**results, "broken_rules": [*broken, *_broken(results)]}


def _broken(results: dict[str, Any]) -> Iterator[str]:
    for venue in SEQUENCED:
        if results["wrong_while_live"].get(venue):
            yield f"{results['wrong_while_live'][venue]} LIVE books of {venue} were wrong"
    is_long = results["seconds"] >= LEAST_SECONDS
    p95 = results["resyncs"]["p95_s"]
    if is_long and p95 is not None and p95 >= RESYNC_P95_S:
        yield f"resync p95 is {p95} s"
    for row in results["faults"]:
        if row["unnoticed"]:
            yield f"{row['fault']} on {row['venue']}: {row['unnoticed']} unnoticed"
    weight = results["weight"]
    if weight["refused"] > weight["planted_refusals"]:
        yield f"{weight['refused']} requests refused, {weight['planted_refusals']} planted"
    growth = results["memory"]["growth"]
    if is_long and growth is not None and growth > GROWTH:
        yield f"memory grew by {100 * growth:.1f} %"


def _rows(judge: Judge) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for event, kind in judge.struck():
        key = (kind.name, event["venue"])
        row = rows.setdefault(key, empty_row())
        row["injected"] += 1
        if not judge.owes_notice(event):
            continue
        row["shows"] = True
        notice = judge.noticed(event)
        if notice is not None:
            row["times"].append(max(notice.seen_ns - event["time_ns"], 0) / 1e9)
            row["by"].add(notice.condition)
        elif judge.was_live(event):
            row["unnoticed"] += 1
            row["unnoticed_events"].append(event)
    return [_finished(*key, row) for key, row in sorted(rows.items())]


def empty_row() -> dict[str, Any]:
    """Return the row of one fault at one venue before anything was injected."""
    return {
        "injected": 0,
        "times": [],
        "by": set(),
        "unnoticed": 0,
        "shows": False,
        "unnoticed_events": [],
    }


def _finished(fault: str, venue: str, row: dict[str, Any]) -> dict[str, Any]:
    times = row["times"]
    return {
        "fault": fault,
        "venue": venue,
        "injected": row["injected"],
        "must_be_noticed": row["shows"],
        "noticed": len(times),
        "unnoticed": row["unnoticed"],
        "unnoticed_events": row["unnoticed_events"],
        "until_noticed_p50_s": round(statistics.median(times), 3) if times else None,
        "until_noticed_max_s": round(max(times), 3) if times else None,
        "by": sorted(row["by"]),
    }


def _resyncs(times: Sequence[float]) -> dict[str, Any]:
    def at(share: float) -> float | None:
        return round(times[min(int(share * len(times)), len(times) - 1)], 3) if times else None

    return {"count": len(times), "p50_s": at(0.5), "p95_s": at(0.95), "max_s": at(1.0)}


def _slowest(judge: Judge, resyncs: Sequence[tuple[float, Outage]]) -> list[dict[str, Any]]:
    """Tell of the slowest resyncs: which book, and which faults struck its venue around then."""
    return [
        {
            "book": " ".join(outage.key),
            "seconds": round(seconds, 3),
            "began_ns": outage.begin_ns,
            "faults": [
                f"{judge.planted[event['fault']].kind.name} "
                f"at {(event['time_ns'] - outage.begin_ns) / 1e9:+.1f} s"
                for event in judge.events
                if event["venue"] == outage.key[0]
                and outage.begin_ns - 60_000_000_000 <= event["time_ns"] <= outage.end_ns
            ],
        }
        for seconds, outage in reversed(resyncs)
    ]


def _weight(judge: Judge) -> dict[str, Any]:
    """Return the answers that told of too many requests, beside those that were planted."""
    planted = handshakes = 0
    for event in judge.events:
        spec = judge.planted[event["fault"]].spec
        if event["kind"] == "http" and event["topic"].startswith("ws:"):
            handshakes += 1
        elif event["kind"] == "http" and str(spec["status"]) in _TOO_MANY:
            planted += 1
    last = judge.seconds[-1] if judge.seconds else {}
    statuses = last.get("statuses", {})
    return {
        "refused": sum(statuses.get(status, 0) for status in _TOO_MANY),
        "planted_refusals": planted,
        "handshakes_refused": last.get("handshakes_refused", 0),
        "planted_handshakes": handshakes,
        "answers": statuses,
        "peak": max(last.get("peak_weight", {}).values(), default=0),
    }


def _memory(resident: Sequence[int]) -> dict[str, Any]:
    """Return the memory within the last half: its first tenth against its last."""
    half = list(resident[len(resident) // 2 :])
    tenth = max(len(half) // 10, 1)
    if len(half) < 2:
        return {"half_way_mb": None, "end_mb": None, "growth": None}
    begin, end = statistics.mean(half[:tenth]), statistics.mean(half[-tenth:])
    return {
        "half_way_mb": round(begin / _MB, 1),
        "end_mb": round(end / _MB, 1),
        "growth": round(end / begin - 1, 4),
    }


def _minute(second: dict[str, Any]) -> dict[str, float]:
    """Return where a desk's memory is, in MB, from what it said in one second of a minute."""
    return {
        "resident_mb": round(second["resident_bytes"] / _MB, 1),
        "history_mb": round(second.get("history_bytes", 0) / _MB, 1),
        "tape_queued_mb": round(second.get("tape_queued", 0) / _MB, 1),
        "store_rows_queued": (second.get("store") or {}).get("queued", 0),
    }


def _last(judge: Judge) -> dict[str, Any]:
    last = judge.seconds[-1] if judge.seconds else {}
    return {
        "frames": last.get("frames", 0),
        "reconnects": sum(last.get("reconnects", {}).values()),
        "requests_delayed": last.get("delayed", {}),
        "tape_mb": round(last.get("tape_bytes", 0) / _MB, 1),
        "tape_frames_lost": last.get("tape_lost", 0),
        # Where it lies is this machine's own business.
        "store": {
            name: told for name, told in (last.get("store") or {}).items() if name != "where"
        },
        "history_mb": round(last.get("history_bytes", 0) / _MB, 1),
        "gc_longest_ms": last.get("gc_longest_ms"),
    }


def table(results: dict[str, Any]) -> Iterator[str]:
    """Yield the results as lines for the terminal."""
    yield from summary(results)
    for row in results["faults"]:
        yield (
            f"{row['fault']:26s} {row['venue']:18s} {row['injected']:5d} injected "
            f"{_noticed(row):>5s} noticed  {_seconds(row):16s} {', '.join(row['by'])}"
        )


def write(results: dict[str, Any]) -> None:
    """Keep the results in docs/."""
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**kept, "soak": results}, indent=2) + "\n", "utf-8")
    before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{DOCUMENT} has no place for the soak: {BEGIN} ... {END}")
    DOCUMENT.write_text(before + "\n".join(_markdown(results)) + after, "utf-8")


def _markdown(results: dict[str, Any]) -> Iterator[str]:
    yield from (BEGIN, "", f"Seed {results['seed']}, {results['machine']}.", "")
    yield from (f"- {line}" for line in summary(results))
    for complaint in results["broken_rules"]:
        yield f"- **Broken:** {complaint}."
    yield ""
    yield "| fault | venue | injected | noticed | noticed after, p50 / max | by |"
    yield "|---|---|---:|---:|---:|---|"
    for row in results["faults"]:
        yield (
            f"| {row['fault']} | {row['venue']} | {row['injected']} | {_noticed(row)} | "
            f"{_seconds(row)} | {', '.join(row['by'])} |"
        )
    yield from ("", END)


def summary(results: dict[str, Any]) -> Iterator[str]:
    """Yield the figures that the rules are about, one line each."""
    resyncs, weight, memory = results["resyncs"], results["weight"], results["memory"]
    yield (
        f"{results['seconds']:.0f} s really run, {results['faults_injected']} faults injected, "
        f"{results['frames']} frames, {results['reconnects']} reconnections."
    )
    yield f"LIVE books compared: {_told(results['comparisons'])}."
    yield (
        f"Wrong while LIVE: {_told(results['wrong_while_live'])}; after faults that the venue's "
        f"protocol cannot show: {_told(results['wrong_by_hidden_faults'])}."
    )
    yield (
        f"Resyncs, from when the venue would answer again: {resyncs['count']}, "
        f"p50 {resyncs['p50_s']} s, p95 {resyncs['p95_s']} s, longest {resyncs['max_s']} s."
    )
    yield (
        f"Refused as too many: {weight['refused']}, planted {weight['planted_refusals']}; the "
        f"highest weight of a minute {weight['peak']}."
    )
    yield (
        f"Resident memory of the desk: {memory['half_way_mb']} MB half-way, {memory['end_mb']} MB "
        f"at the end; tape {results['tape_mb']} MB, {results['tape_frames_lost']} frames lost."
    )


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{venue} {count}" for venue, count in sorted(counts.items())) or "none"


def _noticed(row: dict[str, Any]) -> str:
    """Return how many were noticed, of those that struck a LIVE book, where that is a rule."""
    if not row["must_be_noticed"]:
        return "-"
    owed = row["noticed"] + row["unnoticed"]
    return str(owed) if not row["unnoticed"] else f"{row['noticed']} of {owed}"


def _seconds(row: dict[str, Any]) -> str:
    if row["until_noticed_p50_s"] is None:
        return ""
    return f"{row['until_noticed_p50_s']:.3f} / {row['until_noticed_max_s']:.3f} s"
