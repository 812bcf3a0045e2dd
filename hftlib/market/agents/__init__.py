"""The market's own agents: compiled order flow on flat arrays, lane beside lane."""
