"""hftlib: live order books, microstructure features and paper trading, honest to the last lot."""

__version__ = "0.1.0"
