"""A small recording of one Binance symbol, the same every time, and desks that play it."""
