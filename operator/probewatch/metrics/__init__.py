"""What Prometheus sees. Rule: families are a table; nothing else imports prometheus_client."""
