"""Coinbase as its clients see it: the Exchange feed and REST, and Advanced Trade's."""
