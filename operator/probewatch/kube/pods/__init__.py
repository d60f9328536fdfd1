"""Pods in few bytes and steps. Rule: never told otherwise than decoding would tell them."""
