"""Venues that are read through ccxt: a neutral layout, and one session for all of them."""
