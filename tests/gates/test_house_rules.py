"""Rules of the house that no linter knows: pages, names of modules, requirements, lengths."""

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from hftlib.core.configuration import KEYS

PROJECT = Path(__file__).resolve().parent.parent.parent
SOURCES = sorted((PROJECT / "hftlib").rglob("*.py"))
PAGES = sorted((PROJECT / "pages").glob("*.py"))
SHAPELESS = re.compile(r"(^|_)(utils?|helpers?|common|manager|misc)(_|$)|^base_")
PAGE_LINES = 80
TESTED_ELSEWHERE = {"ui": "app"}


def imported(source):
    """Yield the dotted names that a source text imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
            if node.module == "hftlib":
                yield from (f"hftlib.{alias.name}" for alias in node.names)


def strangers(source):
    """Return what a page imports of hftlib besides hftlib.ui."""
    mine = (name for name in imported(source) if name.split(".")[0] == "hftlib")
    return sorted(name for name in mine if not re.fullmatch(r"hftlib(\.ui(\..+)?)?", name))


def test_strangers_are_seen():
    page = "from hftlib import ui, book\nimport hftlib.ui.frame\nfrom hftlib.engine import engine\n"
    assert strangers(page) == ["hftlib.book", "hftlib.engine"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_is_short_and_imports_only_the_screen(page):
    source = page.read_text(encoding="utf-8")
    assert strangers(source) == []
    assert len(source.splitlines()) < PAGE_LINES


def test_modules_have_names_that_say_something():
    assert [path for path in SOURCES if SHAPELESS.search(path.stem)] == []


def test_kernels_live_where_the_cache_looks():
    strays = [
        path.name
        for path in SOURCES
        if not path.name.endswith("kernel.py")
        and re.search(r"^@(kernel|entry)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert strays == []


def required():
    """Return the names of requirements.txt, normalised."""
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {re.split("[=; ]", line)[0].lower() for line in lines if line and line[0] != "#"}


def test_whatever_is_imported_is_required():
    distributions = metadata.packages_distributions()
    files = [*SOURCES, *PAGES, *([PROJECT / "app.py"] if (PROJECT / "app.py").exists() else [])]
    names = {
        name.split(".")[0] for path in files for name in imported(path.read_text(encoding="utf-8"))
    }
    outside = names - set(sys.stdlib_module_names) - {"hftlib", "."}
    known = {
        name: {re.sub(r"[-_.]+", "-", each).lower() for each in distributions.get(name, ["absent"])}
        for name in outside
    }
    assert {name for name in outside if not known[name] & required()} == set()


def test_every_requirement_is_pinned():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (PROJECT / name).read_text(encoding="utf-8").splitlines():
            assert not line or line.startswith(("#", "-r ")) or re.match(r"[\w.-]+==[\w.]+", line)


def test_no_room_is_without_tests():
    rooms = {path.parent.name for path in (PROJECT / "hftlib").glob("*/__init__.py")}
    tested = {path.parent.name for path in (PROJECT / "tests").glob("*/test_*.py")}
    assert {room for room in rooms if not {room, TESTED_ELSEWHERE.get(room)} & tested} == set()


def test_the_example_environment_tells_every_key_with_its_default():
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    told = dict(re.findall(r"^#(HFT_\w+)=(.*)$", text, re.MULTILINE))
    assert told == {key.variables[0]: default_text(key.default) for key in KEYS.values()}


def default_text(default):
    return str(default).lower() if isinstance(default, bool) else str(default)
