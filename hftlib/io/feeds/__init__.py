"""Feeds: the websockets of the venues, kept open, watched, and handed on without a queue."""
