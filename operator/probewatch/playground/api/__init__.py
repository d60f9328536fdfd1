"""The playground's API server. Rule: tests/contract checks that it answers as a real one."""
