"""The demo. Rule: it tells what it saw of the cluster and the operator, and invents nothing."""
