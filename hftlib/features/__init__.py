"""Microstructure features: one compiled kernel, a catalogue of formulas, and studies on them."""
