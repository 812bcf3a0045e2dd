"""The figures of the kills as a table, and their place in docs/."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
DOCUMENT = DOCS / "reliability.md"
RESULTS = DOCS / "reliability.json"
BEGIN = "<!-- kill: begin (written by `python -m tests.kill --write`, not by hand) -->"
END = "<!-- kill: end -->"

_WORDS = {
    "kills": "kills (kill -9) under load",
    "killed_while_starting": "further kills of a desk that was still starting",
    "marks_sent": "marks sent",
    "marks_acknowledged": "marks acknowledged",
    "marks_lost": "acknowledged marks lost",
    "orders_acknowledged": "orders with fills and cash acknowledged by a ledger killed beside",
    "orders_lost": "acknowledged orders lost",
    "rows_shown": "rows that the store had shown before the last kill",
    "rows_lost": "rows of them lost",
    "frames_replayed": "frames of the killed desks' tapes replayed",
    "first_book_p50_s": "start of the process to its first LIVE book, p50 (s)",
    "first_book_max_s": "the same, longest (s)",
    "children_gone_p50_s": "until no child of a killed desk ran, p50 (s)",
    "children_gone_max_s": "the same, longest (s)",
    "last_to_go": "the child that took longest",
    "mark_p50_ms": "a mark from request to acknowledgement, p50 (ms)",
    "mark_p99_ms": "the same, p99 (ms)",
    "traced_marks": "system calls traced: marks acknowledged",
    "traced_syncs": "syncs of the ledger's log among them",
    "answered_before_sync": "answers that left before the sync of their mark",
    "cut_log_lost": "acknowledged marks lost when the log is cut at its last synced length",
}


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as rows of a table."""
    yield f"| over {figures['kills']} kills, seed {figures['seed']} | |"
    yield "|---|---:|"
    for name, words in _WORDS.items():
        if name not in figures:
            continue
        value = figures[name]
        yield f"| {words} | {value if isinstance(value, str) else f'{value:,}'} |"


def write(figures: dict[str, Any]) -> None:
    """Keep the figures in docs/."""
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**kept, "kill": figures}, indent=2) + "\n", "utf-8")
    before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{DOCUMENT} has no place for the kills: {BEGIN} ... {END}")
    body = "\n".join(table(figures))
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", "utf-8")
