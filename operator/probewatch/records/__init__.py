"""The records as this process has them. Rule: plain values and no wait; kube writes them."""
