"""A small recording of one Binance symbol, exact and the same every time, and desks that play it."""
