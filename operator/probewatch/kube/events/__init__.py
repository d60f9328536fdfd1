"""The Events that people read. Rule: each is written once, and none makes anyone wait."""
