"""Venue codecs without sockets: a frame goes in, events come out, and the reverse for local venues.

Each venue's module restates the venue's own procedure step by step where it is implemented.
"""
