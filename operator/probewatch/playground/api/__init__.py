"""The playground's API server. Rule: what the real one answers, tests/contract can tell."""
