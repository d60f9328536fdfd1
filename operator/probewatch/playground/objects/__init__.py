"""The objects of the playground's cluster. Rule: values in and out, no HTTP."""
