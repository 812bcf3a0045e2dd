"""docs/your-own-bot.md: `python -m tests.interop.page` puts there what it takes from the code."""

import re

from hftlib.exchange.fault_kinds import MEANINGS
from hftlib.market.scenario import SCENARIOS
from tests.interop.environments import SNIPPETS
from tests.interop.snippets import PAGE

_SCENARIOS = re.compile(r"(\| scenario \| what it does \|\n\|---\|---\|\n)(?:\|.*\n)*")


def refreshed(text: str) -> str:
    """Return the page with the programs, scenarios and faults as they are now."""
    for path in sorted(SNIPPETS.glob("*.py")):
        block = f"<!-- snippet: {path.stem} -->\n```python\n{path.read_text(encoding='utf-8')}```\n"
        old = re.compile(rf"<!-- snippet: {path.stem} -->\n```python\n.*?```\n", re.DOTALL)
        text = old.sub(lambda _, block=block: block, text)
    rows = "".join(f"| {one.name} | {one.description} |\n" for one in SCENARIOS.values())
    text = _SCENARIOS.sub(lambda found: found[1] + rows, text)
    for kind, meaning in MEANINGS.items():
        row = re.compile(rf"^(\| {re.escape(kind)} \| )[^|]*( \|)", re.MULTILINE)
        text = row.sub(lambda found, meaning=meaning: found[1] + meaning + found[2], text)
    return text


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
