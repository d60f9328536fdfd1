"""ProbePolicies in the API. Rule: what is wrong in one is said on it, and never raised."""
