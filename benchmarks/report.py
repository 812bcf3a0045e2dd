"""What a bench run leaves: a printed table, results.json, machine.json and docs/performance.md."""

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

HERE: Final = Path(__file__).resolve().parent
RESULTS: Final = HERE / "results.json"
MACHINE: Final = HERE / "machine.json"
DOCUMENT: Final = HERE.parent / "docs" / "performance.md"
BEGIN: Final = "<!-- figures: begin (written by `make bench`, not by hand) -->"
END: Final = "<!-- figures: end -->"


class Row(msgspec.Struct, frozen=True):
    """Hold one figure. A row that is `absent` has neither value nor ratio.

    `ratio` is this row's cost (or rate) over that of the row named in `against`, both of the
    same run; `note` says what was done and stays out of results.json.
    """

    name: str
    value: float | None
    unit: str
    against: str
    ratio: float | None
    note: str = ""


def machine(packages: dict[str, str]) -> dict[str, Any]:
    """Return the facts of this machine that figures depend on."""
    return {
        "cpu": _cpu(),
        "cores": len(_cores()),
        "system": platform.system(),
        "python": sys.version.split()[0],
        "packages": dict(sorted(packages.items())),
    }


def _cpu() -> str:
    """Return the processor's name with its family and model, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    told = {name.strip(): value.strip() for name, value in facts.items()}
    name = told.get("model name", platform.machine())
    return f"{name} (family {told.get('cpu family', '?')}, model {told.get('model', '?')})"


def _cores() -> Sequence[int]:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return range(os.cpu_count() or 1)


def figure(value: float | None) -> str:
    """Return a figure with four significant digits, thousands set apart."""
    if value is None:
        return "absent"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table for the terminal."""
    heads = ("name", "value", "unit", "ratio", "against")
    cells = [heads] + [
        (row.name, figure(row.value), row.unit, figure(row.ratio) if row.ratio else "", row.against)
        for row in rows
    ]
    widths = [max(len(line[place]) for line in cells) for place in range(len(heads))]
    right = {1, 3}
    return "\n".join(
        "  ".join(
            text.rjust(width) if place in right else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def markdown(rows: Iterable[dict[str, Any]], facts: dict[str, Any]) -> str:
    """Return the section of docs/performance.md that the figures fill."""
    lines = [
        BEGIN,
        "",
        "| row | value | unit | ratio | against |",
        "|---|---:|---|---:|---|",
    ]
    for row in rows:
        ratio = figure(row["ratio"]) if row["ratio"] is not None else ""
        value = figure(row["value"])
        lines.append(f"| {row['name']} | {value} | {row['unit']} | {ratio} | {row['against']} |")
    packages = ", ".join(f"{name} {version}" for name, version in facts["packages"].items())
    lines += [
        "",
        f"Measured on {facts['cpu']}, {facts['cores']} cores, {facts['system']}.",
        f"Python {facts['python']}; {packages}.",
        "",
        END,
    ]
    return "\n".join(lines)


def write(rows: Sequence[Row], facts: dict[str, Any]) -> None:
    """Write results.json, machine.json and the figures of docs/performance.md."""
    kept = [
        {key: getattr(row, key) for key in ("name", "value", "unit", "against", "ratio")}
        for row in rows
    ]
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    MACHINE.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    DOCUMENT.write_text(refreshed(DOCUMENT.read_text(encoding="utf-8"), kept, facts), "utf-8")


def refreshed(text: str, rows: Iterable[dict[str, Any]], facts: dict[str, Any]) -> str:
    """Return the document with its figures replaced.

    Raises ValueError when the marks around them are not there.
    """
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("docs/performance.md has lost the marks of its figures")
    return before + markdown(rows, facts) + after
