"""The list-and-watch loop. Rule: decode only what is needed, lose no change, never exit."""
