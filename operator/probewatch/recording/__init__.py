"""Who keeps the records, and from where. Rule: one replica writes, all of them count."""
