"""hftlib: live order books, microstructure features and paper trading, honest to the last lot."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hftlib.client.desk import connect as connect
    from hftlib.desk.notebook import open_tape as open_tape

__version__ = "0.1.0"
__all__ = ["__version__", "connect", "open_tape"]

_ENTRANCES = {"connect": "hftlib.client.desk", "open_tape": "hftlib.desk.notebook"}


def __getattr__(name: str) -> Any:
    """Import what a notebook asks for when it asks: `import hftlib` alone stays light."""
    if name not in _ENTRANCES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_ENTRANCES[name]), name)
