"""Progress of compilation: a moving line on a terminal, plain lines elsewhere."""

import io
import sys

import pytest

from hftlib.desk.compiling import tell_compiling


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (io.StringIO(), ["compiling kernel 1 of 2: a", "compiling kernel 2 of 2: b"]),
        (Terminal(), ["", "compiling kernel 1 of 2: a", "compiling kernel 2 of 2: b"]),
    ],
)
def test_each_kernel_is_told_and_then_the_end(monkeypatch, stream, expected):
    monkeypatch.setattr(sys, "stderr", stream)
    for done, name in enumerate(("a", "b")):
        tell_compiling(done, 2, name)
    tell_compiling(2, 2, "")
    told = stream.getvalue().replace("\r", "\n").splitlines()
    assert [line.rstrip() for line in told] == [*expected, "kernels compiled"]
    assert stream.getvalue().endswith("\n")
