"""Kubernetes Events for people to read. Rule: each is written once, and none blocks its caller."""
