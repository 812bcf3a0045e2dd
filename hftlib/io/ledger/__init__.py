"""The ledger's database: orders, fills, cash and marks, acknowledged once on the disk."""
