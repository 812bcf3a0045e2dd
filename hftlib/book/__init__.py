"""The L2 book: a compiled kernel, the state of trust around it, and the consolidated book."""
