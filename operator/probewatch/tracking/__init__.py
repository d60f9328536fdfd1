"""What the store remembers of pods. Rule: bounded, and in the least space that holds it."""
