"""The controllers of the playground. Rule: they know pods by their API objects alone."""
