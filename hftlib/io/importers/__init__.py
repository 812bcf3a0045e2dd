"""Importers: recordings of other programs and public dumps become tapes."""

from hftlib.io.importers.importer import FORMATS, Order, Place, Summary, import_files

__all__ = ["FORMATS", "Order", "Place", "Summary", "import_files"]
