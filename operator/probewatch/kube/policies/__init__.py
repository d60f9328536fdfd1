"""ProbePolicies in the API. Rule: a mistake in one is reported in its status, never raised."""
