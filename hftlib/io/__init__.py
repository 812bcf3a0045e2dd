"""The outside world: tapes, importers, and every byte that enters or leaves."""
