"""A cluster in one process, for demo, tests and benchmarks. Rule: the operator never imports it."""
