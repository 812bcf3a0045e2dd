"""The store: ClickHouse in a process of its own, embedded or a server, behind bounded pipes."""
