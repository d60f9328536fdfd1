"""Stories: pods that show one behaviour each. Rule: each says what has to be found about it."""
