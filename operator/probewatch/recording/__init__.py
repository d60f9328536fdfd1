"""Leader election and takeover of the records. Rule: one replica writes, all replicas count."""
