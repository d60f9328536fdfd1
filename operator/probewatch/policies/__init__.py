"""ProbePolicies at work. Rule: a policy that is not valid changes nothing, and is told so."""
