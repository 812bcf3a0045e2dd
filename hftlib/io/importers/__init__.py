"""Importers: recordings of other programs and public dumps become tapes."""

from hftlib.io.importers.importer import (
    FORMATS,
    Order,
    Place,
    Summary,
    folder_bytes,
    import_files,
    with_checkpoints,
)

__all__ = [
    "FORMATS",
    "Order",
    "Place",
    "Summary",
    "folder_bytes",
    "import_files",
    "with_checkpoints",
]
