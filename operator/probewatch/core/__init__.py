"""The brain. Rule: standard library only, no clock, no await, no logging, no raw JSON."""
