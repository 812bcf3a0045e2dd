"""Signals: what the features say, as a side and a confidence. Scores in, no orders."""
