"""The desk: wires sources, engine and what clients may read; owns the live clock."""
