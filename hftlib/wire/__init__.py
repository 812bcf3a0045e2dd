"""The messages between a desk and its clients: REST types and the binary feed."""
