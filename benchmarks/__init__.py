"""Benchmarks: hftlib against a floor and against its peers, as ratios within one run."""
