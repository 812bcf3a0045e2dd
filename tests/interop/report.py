"""What the proof found: docs/interop.json, the table of docs/interop.md, and the verdict."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[2] / "docs"
RESULTS = ("pass", "fail", "known-defect")
FEWEST = 6
_PREFIX = "RESULT "


class Row(NamedTuple):
    """Hold one feature of one client."""

    client: str
    version: str
    feature: str
    result: str
    note: str


def rows_of(output: str) -> list[Row]:
    """Return the results among the lines that a script printed."""
    return [
        Row(**json.loads(line.removeprefix(_PREFIX)))
        for line in output.splitlines()
        if line.startswith(_PREFIX)
    ]


def complaints(rows: Sequence[Row], clients: Iterable[str]) -> list[str]:
    """Return what is wrong with a run; nothing where every client is proven."""
    found = [f"{row.client} {row.feature}: {row.note}" for row in rows if row.result == "fail"]
    for client in clients:
        count = sum(row.client == client for row in rows)
        if count < FEWEST:
            found.append(f"{client}: {count} features, at least {FEWEST} wanted")
    bad = [row for row in rows if row.result not in RESULTS or " " in row.client]
    return found + [f"malformed: {row}" for row in bad]


def page(rows: Sequence[Row], seconds: float) -> str:
    """Return the page for readers: a summary, then every feature with its note."""
    clients = list(dict.fromkeys(row.client for row in rows))
    lines = [
        "# Clients that we did not write, on the local venues",
        "",
        f"Written by `make interop`; feeds were watched for {seconds:.0f} seconds each. Every",
        "client runs unchanged in an environment of its own (tests/interop) against one running",
        "`python -m hftlib market`: only its addresses and keys are set.",
        "",
        "What each feature means:",
        "",
        "- *book*: the client's own book was held against the matching engine's at the same",
        "  update id (Coinbase has none: at the time of the newest change), level by level,",
        "  once a second and at the end;",
        "- *order*: placed, queried, cancelled and filled from a fresh account, whose balances",
        "  then equal what was given, plus and minus each fill, less each commission, to the",
        "  last unit;",
        "- *wrong*: a wrong request met the code and text that the venue documents, as the client",
        "  tells it;",
        "- *fault*: a fault was planted (a lost frame, a cut connection, 429 and its kin), and the",
        "  client noticed it and went on;",
        "- *models*: every answer fits the types that the venue's own library declares;",
        "- *snippet*: the lines of docs/your-own-bot.md, run as they stand there;",
        "- *known-defect*: the client itself falls short, as found before we had a market.",
        "",
        "All clients come from one address, so the limits by address are reset every two seconds.",
        "",
        "| client | version | pass | known defect | fail |",
        "|---|---|---:|---:|---:|",
    ]
    for client in clients:
        own = [row for row in rows if row.client == client]
        counts = [sum(row.result == result for row in own) for result in RESULTS]
        lines.append(f"| {client} | {own[0].version} | {counts[0]} | {counts[2]} | {counts[1]} |")
    for client in clients:
        lines += ["", f"## {client}", "", "| feature | result | note |", "|---|---|---|"]
        lines += [
            f"| {row.feature} | {row.result} | {_cell(row.note)} |"
            for row in rows
            if row.client == client
        ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write(rows: Sequence[Row], seconds: float, folder: Path = DOCS) -> None:
    """Write both files."""
    listed = json.dumps([row._asdict() for row in rows], indent=1, ensure_ascii=False)
    (folder / "interop.json").write_text(listed + "\n", encoding="utf-8")
    (folder / "interop.md").write_text(page(rows, seconds), encoding="utf-8")
