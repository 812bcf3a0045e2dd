"""Binance: spot (binance, binance_us), USD-M and COIN-M futures."""
