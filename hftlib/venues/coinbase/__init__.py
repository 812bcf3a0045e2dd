"""Coinbase: Advanced Trade (coinbase) and Exchange (coinbase_exchange)."""
