"""Tell on standard error how far the kernels are compiled: it happens once and takes time."""

import sys


def tell_compiling(done: int, total: int, name: str) -> None:
    """Show one line that moves on a terminal, one line per kernel elsewhere."""
    is_terminal = sys.stderr.isatty()
    text = f"compiling kernel {done + 1} of {total}: {name}" if done < total else "kernels compiled"
    if is_terminal:
        print(f"\r{text:<78.78}", end="\n" if done == total else "", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)
