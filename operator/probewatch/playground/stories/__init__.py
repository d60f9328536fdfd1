"""Lives of pods that show one thing each. Rule: each says what is to be found about it."""
