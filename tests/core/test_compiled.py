"""The kernel cache is keyed by every kernel source and cannot go stale."""

from enum import IntEnum
from pathlib import Path

import numba
import numpy as np
import pytest

from hftlib.core import compiled
from hftlib.core.compiled import (
    FLOAT,
    INT,
    INTS,
    cache_folder,
    compile_all,
    direct,
    entries,
    entry,
    kernel,
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiled, "_PACKAGE", tmp_path)
    monkeypatch.setenv("HFT_KERNEL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "kernel.py").write_text("one")
    return tmp_path


def test_the_folder_changes_with_any_kernel_source_and_with_nothing_else(package: Path) -> None:
    before = cache_folder()
    (package / "book" / "book.py").write_text("not a kernel")
    assert cache_folder() == before
    (package / "book" / "kernel.py").write_text("two")
    edited = cache_folder()
    (package / "book" / "scan_kernel.py").write_text("new")
    assert len({before, edited, cache_folder()}) == 3
    assert before.parent == package / "cache" / "kernels"


def test_without_the_variable_the_user_cache_is_used(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HFT_KERNEL_CACHE")
    assert package not in cache_folder().parents


def test_a_folder_that_cannot_be_made_means_no_cache(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "cache").write_text("a file where the folder should be")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert compiled._use_cache() is None


def test_a_folder_that_can_be_made_is_handed_to_numba(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert compiled._use_cache() == cache_folder()
    assert str(cache_folder()) == numba.config.CACHE_DIR


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a test register kernels of its own, and record what is compiled."""
    compiled_names: list[str] = []

    class Dispatcher:
        def __init__(self, name: str) -> None:
            self.name = name

        def compile(self, signature: object) -> None:
            compiled_names.append(self.name)

    monkeypatch.setattr(compiled, "_entries", [(name, Dispatcher(name), ()) for name in "ab"])
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    return compiled_names


def test_compiling_shows_progress_and_leaves_a_mark(
    registry: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_FOLDER", tmp_path)
    seen: list[tuple[int, int, str]] = []
    assert not compiled.are_compiled()
    assert compile_all(lambda *step: seen.append(step)) >= 0
    assert seen == [(0, 2, "a"), (1, 2, "b"), (2, 2, "")]
    assert compiled.are_compiled()
    compile_all(lambda *step: seen.append(step))
    assert len(seen) == 3, "a later start only loads, and says nothing"
    assert registry == ["a", "b", "a", "b"]
    compiled._entries.append(("c", compiled._entries[0][1], ()))
    assert not compiled.are_compiled(), "another process registers more kernels"


def test_without_a_cache_every_start_compiles(
    registry: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_FOLDER", None)
    compile_all()
    assert registry == ["a", "b"]
    assert not compiled.are_compiled()


def test_with_the_compiler_off_nothing_is_compiled(
    registry: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert compile_all() == 0.0
    assert registry == []


def test_entries_and_kernels_compute_what_their_functions_compute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiled, "_entries", [])
    monkeypatch.setattr(compiled, "_FOLDER", None)

    @kernel
    def double(value: float) -> float:
        return value * 2.0

    @entry(INTS, FLOAT)
    def scale(values: np.ndarray, factor: float) -> float:
        return double(factor) * values[0]

    assert scale(np.array([3], dtype=np.int64), 2.0) == 12.0
    assert entries() == (f"{__name__}.scale",)


class FakeDispatcher:
    """Stand for a dispatcher of numba: remember with which types it is resolved."""

    def get_call_template(self, arguments, keywords):
        return arguments, keywords


def test_an_inner_kernel_is_resolved_without_the_constants_it_is_called_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    dispatcher = compiled._without_literals(FakeDispatcher())
    seven = numba.types.literal(7)
    arguments, keywords = dispatcher.get_call_template((seven, INTS), {"side": seven})
    assert arguments == (numba.types.int64, INTS)
    assert keywords == {"side": numba.types.int64}


def test_with_the_compiler_off_an_inner_kernel_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    function = FakeDispatcher()
    before = vars(function).copy()
    assert compiled._without_literals(function) is function
    assert vars(function) == before


class _Number(IntEnum):
    FIVE = 5


def test_a_direct_call_takes_an_enum_as_the_integer_it_is() -> None:
    @entry(INTS, INT)
    def add_to_first(ints: np.ndarray, amount: int) -> int:
        ints[0] += amount
        return ints[0]

    call = direct(add_to_first)
    ints = np.array([1], np.int64)
    assert call(ints, _Number.FIVE) == 6
    assert call(ints, 5) == 11
    if not numba.config.DISABLE_JIT:
        assert len(add_to_first.signatures) == 1


def test_a_direct_call_of_a_plain_function_is_the_function() -> None:
    assert direct(len) is len


class FakeEntry:
    """Stand for a compiled entry: tell with which signature it was compiled."""

    def compile(self, signature):
        return signature


def test_a_direct_call_is_what_the_signature_was_compiled_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    wanted = FakeEntry()
    registered = [("other", FakeEntry(), (FLOAT,)), ("wanted", wanted, (INTS, FLOAT))]
    monkeypatch.setattr(compiled, "_entries", registered)
    assert direct(wanted) == (INTS, FLOAT)
