"""Kubernetes at the edge. Rule: parsing and building are pure; client, recorder, lease do I/O."""
