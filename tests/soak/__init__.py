"""Everything at once for a long time: real questions, hostile frames, bad TCP clients, publishes and backends that fail."""
