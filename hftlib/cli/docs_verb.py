"""`docs`: write the pages of docs/ that are made from the code, or check that they are current."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from hftlib.core.configuration import Configuration, markdown

NAME = "docs"
HELP = "write the generated pages of docs/ (or --check that they are current)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the check and the folder."""
    parser.add_argument("--check", action="store_true", help="write nothing; fail when one is old")
    parser.add_argument("--folder", default="docs", help="where the pages live (default docs)")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Write or compare the pages; return 1 when --check finds one that is not current."""
    stale = 0
    for name, text in pages():
        path = Path(arguments.folder) / name
        current = path.exists() and path.read_text(encoding="utf-8") == text
        if arguments.check and not current:
            print(f"{path} is not current; run `python -m hftlib docs`", file=sys.stderr)
            stale += 1
        elif not current:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    return 1 if stale else 0


def pages() -> Iterator[tuple[str, str]]:
    """Yield (file name, text) of every generated page."""
    from hftlib.features.documentation import features_page
    from hftlib.io.store.cluster import cluster_schema
    from hftlib.io.store.documentation import store_page

    yield "config.md", markdown()
    yield "features.md", features_page()
    yield "store.md", store_page()
    yield "scaling/schema.sql", cluster_schema()
