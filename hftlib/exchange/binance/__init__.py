"""Binance as its clients see it: spot REST, streams, WebSocket API, and USD-M market data."""
