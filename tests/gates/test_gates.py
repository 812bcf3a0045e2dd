"""Each gate of `make check` fails on a planted break: a copy of the tree, one break, one gate."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = Path(sys.prefix)
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "data", "logs", ".hypothesis", ".pytest_cache", "__pycache__", "artifacts"
)

COVERED_HALF = '''"""A module with a branch that its test leaves out."""


def double(number: int) -> int:
    """Return twice the number."""
    if number < 0:
        number = 0
    return 2 * number
'''

HALF_A_TEST = """from hftlib.core.planted import double


def test_planted():
    assert double(2) == 4
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Copy the tree once, stamps kept, so that caches of tools stay valid."""
    copy = tmp_path_factory.mktemp("gates") / "tree"
    shutil.copytree(PROJECT, copy, ignore=LEFT_OUT)
    return copy


@pytest.fixture
def tree(original):
    """Lend the copy with a way to plant files in it; take them out again afterwards."""
    planted = {}

    def plant(name, text):
        path = original / name
        planted.setdefault(path, path.read_bytes() if path.exists() else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    yield plant
    for path, before in planted.items():
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)


@pytest.fixture
def gate(original):
    """Return a function that runs one target in the copy and returns (exit code, output)."""

    def run(target, *variables, **environment):
        done = subprocess.run(
            ["make", f"VENV={ENVIRONMENT}", "WORKERS=0", target, *variables],
            cwd=original,
            env={**os.environ, "MAKEFLAGS": "", "HFT_ALLOW_SKIPS": "", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def assert_fails(outcome, *words):
    code, output = outcome
    assert code != 0, output
    for word in words:
        assert word in output


def test_an_unused_import_fails_lint(tree, gate):
    tree("hftlib/core/planted.py", '"""Planted."""\n\nimport os\n')
    assert_fails(gate("lint"), "hftlib/core/planted.py", "F401")


def test_a_missing_docstring_fails_lint(tree, gate):
    tree("hftlib/core/planted.py", '"""Planted."""\n\n\ndef double(x: int) -> int:\n    return x\n')
    assert_fails(gate("lint"), "hftlib/core/planted.py", "D103")


def test_ragged_code_fails_lint(tree, gate):
    tree("hftlib/core/planted.py", '"""Planted."""\n\nNUMBERS = [1,\n  2]\n')
    assert_fails(gate("lint"), "hftlib/core/planted.py")


def test_a_type_error_fails_types(tree, gate):
    tree("hftlib/core/planted.py", '"""Planted."""\n\nNUMBER: int = "seven"\n')
    assert_fails(gate("types"), "hftlib/core/planted.py", "Incompatible types")


def test_an_untyped_function_fails_types(tree, gate):
    tree("hftlib/core/planted.py", '"""Planted."""\n\n\ndef double(x):\n    return 2 * x\n')
    assert_fails(gate("types"), "hftlib/core/planted.py", "no-untyped-def")


@pytest.mark.parametrize(
    ("room", "statement", "contract"),
    [
        ("book", "import hftlib.engine", "A room imports only from floors below its own"),
        ("book", "import hftlib.wire.feed", "A room imports only from floors below its own"),
        ("venues", "import asyncio", "Pure rooms know no sockets"),
        ("engine", "import random", "Pure rooms know no sockets"),
        ("features", "import time", "Below io nobody reads a clock"),
        ("ui", "import hftlib.book", "The screen is a client"),
        ("client", "import streamlit", "The client draws nothing"),
        ("newroom", "", "A room imports only from floors below its own"),
    ],
)
def test_an_import_upward_or_out_of_the_room_fails_floors(tree, gate, room, statement, contract):
    if room == "newroom":
        tree("hftlib/newroom/__init__.py", '"""A room that no floor knows."""\n')
        assert_fails(gate("floors"), "newroom")
        return
    tree(f"hftlib/{room}/planted.py", f'"""Planted."""\n\n{statement}\n')
    assert_fails(gate("floors"), f"{contract}", "BROKEN", f"hftlib.{room}.planted")


def test_a_failing_test_fails_test(tree, gate):
    tree("tests/planted/test_planted.py", "def test_planted():\n    assert 1 == 2\n")
    assert_fails(gate("test", "ARGS=tests/planted"), "test_planted", "1 failed")


def test_a_skip_fails_test_only_in_ci(tree, gate):
    tree("tests/planted/test_planted.py", "def test_planted(captures):\n    captures('absent')\n")
    code, output = gate("test", "ARGS=tests/planted", CI="")
    assert code == 0, output
    assert "capture absent is absent" in output
    assert_fails(gate("test", "ARGS=tests/planted", CI="1"), "skipped where skips fail")
    tree(
        "tests/planted/test_planted.py", "import pytest\n\npytest.importorskip('no_such_module')\n"
    )
    assert_fails(gate("test", "ARGS=tests/planted", CI="1"), "skipped where skips fail")


def test_an_uncovered_branch_fails_coverage(tree, gate):
    tree("hftlib/core/planted.py", COVERED_HALF)
    tree("tests/planted/test_planted.py", HALF_A_TEST)
    only = ("COVERED=tests/planted", "COVER=--cov=hftlib.core.planted")
    assert_fails(gate("coverage", *only), "hftlib/core/planted.py", "fail-under=100")
    tree("tests/planted/test_planted.py", HALF_A_TEST + "    assert double(-2) == 0\n")
    code, output = gate("coverage", *only)
    assert code == 0, output


@pytest.mark.parametrize("page", ["config.md", "features.md"])
def test_a_stale_page_fails_docs_current(tree, gate, page):
    tree(f"docs/{page}", "old words\n")
    assert_fails(gate("docs-current"), f"docs/{page} is not current")


@pytest.mark.e2e
def test_a_dead_page_fails_e2e(tree, gate):
    names = ("chromium", "chromium-browser", "google-chrome")
    if not os.environ.get("HFT_CHROMIUM") and not any(map(shutil.which, names)):
        pytest.skip("no Chromium here (looked at HFT_CHROMIUM and for chromium on the path)")
    tree("app.py", '"""Planted."""\n\nraise RuntimeError("planted")\n')
    assert_fails(gate("e2e", "ARGS=-x"), "failed")
