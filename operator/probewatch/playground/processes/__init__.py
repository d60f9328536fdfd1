"""Containers as processes. Rule: none of them outlives the playground."""
