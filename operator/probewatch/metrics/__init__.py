"""The metrics endpoint. Rule: families are a table; no other package imports prometheus_client."""
