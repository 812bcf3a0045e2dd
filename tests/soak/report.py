"""What a soak leaves: a table, docs/reliability.json, its part of docs/reliability.md."""

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
RESULTS = DOCS / "reliability.json"
DOCUMENT = DOCS / "reliability.md"
BEGIN = "<!-- soak: begin (written by `make soak ARGS=--write`, not by hand) -->"
END = "<!-- soak: end -->"


def empty_row(fault: str, venue: str) -> dict[str, Any]:
    """Return the row of one fault at one venue before anything was injected."""
    return {
        "fault": fault,
        "venue": venue,
        "injected": 0,
        "until_detected_s": [],
        "by": set(),
        "wrong_while_live": 0,
    }


def finished(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its times told as two figures."""
    times = row["until_detected_s"]
    return {
        **{name: row[name] for name in ("fault", "venue", "injected")},
        "detected": len(times),
        "until_detected_p50_s": round(statistics.median(times), 3) if times else None,
        "until_detected_max_s": round(max(times), 3) if times else None,
        "wrong_while_live": row["wrong_while_live"],
        "by": sorted(row["by"]),
    }


def table(results: dict[str, Any]) -> Iterator[str]:
    """Yield the results as lines for the terminal."""
    yield _summary(results)
    for row in results["faults"]:
        yield (
            f"{row['fault']:26s} {row['venue']:18s} {row['injected']:5d} injected "
            f"{row['detected']:5d} noticed  {_seconds(row):16s} "
            f"{row['wrong_while_live']:4d} wrong  {', '.join(row['by'])}"
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
    yield from (BEGIN, "", f"{_summary(results)} Seed {results['seed']}.", "")
    yield "| fault | venue | injected | noticed | noticed after, p50 / max | wrong LIVE | by |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for row in results["faults"]:
        yield (
            f"| {row['fault']} | {row['venue']} | {row['injected']} | {row['detected']} | "
            f"{_seconds(row)} | {row['wrong_while_live']} | {', '.join(row['by'])} |"
        )
    yield from ("", END)


def _summary(results: dict[str, Any]) -> str:
    compared = ", ".join(f"{venue} {n}" for venue, n in sorted(results["comparisons"].items()))
    return (
        f"{results['seconds']:.0f} s really run, {results['trials']} trials, "
        f"{results['frames']} frames; LIVE books compared: {compared}."
    )


def _seconds(row: dict[str, Any]) -> str:
    if row["until_detected_p50_s"] is None:
        return ""
    return f"{row['until_detected_p50_s']:.3f} / {row['until_detected_max_s']:.3f} s"
