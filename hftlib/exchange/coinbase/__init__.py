"""Coinbase as its clients see it: Exchange's and Advanced Trade's feeds and REST."""
