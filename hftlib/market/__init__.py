"""The simulated market: a price-time-priority queue and the order flow that keeps it alive."""
