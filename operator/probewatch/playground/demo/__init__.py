"""The demo. Rule: it shows what it observed of the cluster and the operator, nothing made up."""
