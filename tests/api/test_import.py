"""The API answers before the kernels are there: importing it must not bring them."""

import subprocess
import sys

from tests.ui_support.serving import PROJECT

HEAVY = ("numba", "pandas", "pyarrow", "hftlib.engine.engine", "hftlib.book.kernel")


def test_the_api_is_imported_without_the_kernels() -> None:
    text = f"import hftlib.api.server, sys; print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert done.stdout.strip() == "[]"
