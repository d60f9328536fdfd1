"""The list+watch loop. Rule: decodes only what is needed, never loses a change, never exits."""
