"""Compiled kernels: one decorator for them, and one cache that cannot go stale.

numba checks only the file of the outermost function, so an edited inner function in another file
would leave a stale binary behind. Here the cache folder's name is a hash of all kernel sources,
of numba's and numpy's versions and of the CPU: any change lands in an empty folder.

Kernels live in files named `kernel.py` or `*_kernel.py`, and the constants that they freeze in
files named `layout.py`; nothing else is hashed.
"""

import functools
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import filelock
import llvmlite.binding as llvm
import numba
import numpy as np
import platformdirs
from numba import types

INTS: Final = types.Array(types.int64, 1, "C")
FLOATS: Final = types.Array(types.float64, 1, "C")
TEXT: Final = types.Bytes(types.uint8, 1, "C", readonly=True)
"""Bytes; through `direct` whatever shows its bytes (msgspec.Raw, memoryview), without a copy."""
INT: Final = types.int64
FLOAT: Final = types.float64

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "boundscheck": False}
_CONFIG: Final[Any] = numba.config
_entries: list[tuple[str, Any, tuple[Any, ...]]] = []

F = TypeVar("F", bound=Callable[..., Any])

Progress = Callable[[int, int, str], None]
"""Called as progress(kernels done, kernels in all, name of the next one)."""


def cache_folder() -> Path:
    """Return the folder of the compiled kernels of exactly these sources on exactly this CPU."""
    digest = hashlib.sha256()
    for source in sorted([*_PACKAGE.rglob("*kernel.py"), *_PACKAGE.rglob("layout.py")]):
        digest.update(source.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(source.read_bytes())
    machine = f"{numba.__version__} {np.__version__} {llvm.get_host_cpu_name()}"
    digest.update(machine.encode())
    root = os.environ.get("HFT_KERNEL_CACHE") or platformdirs.user_cache_dir("hftlib")
    return Path(root) / "kernels" / digest.hexdigest()[:20]


def _use_cache() -> Path | None:
    """Point numba at the cache folder; None where it cannot be written."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    _CONFIG.CACHE_DIR = str(folder)
    return folder


_FOLDER: Final = _use_cache()


def kernel(function: F) -> F:
    """Compile `function` as an inner kernel: entries call it, and it has no cache entry."""
    return _without_literals(numba.njit(**_OPTIONS)(function))  # type: ignore[no-any-return]


def _without_literals(dispatcher: Any) -> Any:
    """Keep numba from compiling an inner kernel anew for every constant it is called with."""
    if _CONFIG.DISABLE_JIT:
        return dispatcher
    resolve = dispatcher.get_call_template
    plain: Callable[[Any], Any] = types.unliteral

    def get_call_template(arguments: Any, keywords: Any) -> Any:
        return resolve(
            tuple(map(plain, arguments)),
            {name: plain(argument) for name, argument in keywords.items()},
        )

    dispatcher.get_call_template = get_call_template
    return dispatcher


def entry(*signature: Any) -> Callable[[F], F]:
    """Return a decorator that compiles a kernel Python calls, with the argument types given.

    Compilation is put off until `compile_all` or the first call, and cached on disk.
    """

    def decorate(function: F) -> F:
        dispatcher = numba.njit(cache=_FOLDER is not None, **_OPTIONS)(function)
        if _CONFIG.DISABLE_JIT and TEXT in signature:
            dispatcher = _viewing_texts(function, signature)
        _entries.append((f"{function.__module__}.{function.__name__}", dispatcher, signature))
        return dispatcher  # type: ignore[no-any-return]

    return decorate


def _viewing_texts(function: F, signature: tuple[Any, ...]) -> F:
    """Let an uncompiled entry index the bytes of its texts, as the compiled one does."""

    @functools.wraps(function)
    def view(*arguments: Any) -> Any:
        return function(
            *(
                memoryview(argument) if kind == TEXT else argument
                for kind, argument in zip(signature, arguments, strict=True)
            )
        )

    return cast("F", view)


def direct(function: F) -> F:
    """Return what a call of a compiled entry ends in, without numba's dispatcher in between.

    For the calls of every frame: it saves 0.3 us, and takes an IntEnum for an INT, for which the
    dispatcher would compile a second time and look 20 us at each call. It does not look at the
    types of arrays: hand it those of the entry's signature. Compiles the entry when that is still
    to be done. With the compiler off, or for any other function, it is the function itself.
    """
    for _, dispatcher, signature in _entries:
        if id(dispatcher) == id(function) and not _CONFIG.DISABLE_JIT:
            compiled: F = dispatcher.compile(signature)
            return compiled
    return function


def entries() -> tuple[str, ...]:
    """Return the names of the kernels registered so far."""
    return tuple(name for name, _, _ in _entries)


def are_compiled() -> bool:
    """Say whether the cache holds every kernel registered so far."""
    return _FOLDER is not None and _mark(_FOLDER).exists()


def _mark(folder: Path) -> Path:
    """Return the file that says the kernels registered are there: no process imports them all."""
    names = hashlib.sha256("\n".join(sorted(entries())).encode()).hexdigest()
    return folder / f"complete-{names[:20]}"


def compile_all(progress: Progress | None = None) -> float:
    """Compile or load every registered kernel behind a lock; return the seconds it took.

    The lock lets one process compile while others wait and then load from the cache.
    """
    started = time.perf_counter()
    if _CONFIG.DISABLE_JIT:
        return 0.0
    if _FOLDER is None:
        _compile(progress)
    elif are_compiled():
        _compile(None)
    else:
        with filelock.FileLock(_FOLDER / "lock"):
            _compile(progress)
            _mark(_FOLDER).touch()
    return time.perf_counter() - started


def _compile(progress: Progress | None) -> None:
    for done, (name, dispatcher, signature) in enumerate(_entries):
        if progress is not None:
            progress(done, len(_entries), name)
        dispatcher.compile(signature)
    if progress is not None:
        progress(len(_entries), len(_entries), "")
