"""Proof by clients that we did not write: third-party libraries against the local venues."""
