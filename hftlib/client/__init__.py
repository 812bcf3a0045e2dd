"""The desk's client for notebooks, pages and the command line; it draws nothing."""
