"""The market's own agents: compiled order flow on flat arrays, one lane of events beside another."""
