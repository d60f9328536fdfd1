"""The records in memory. Rule: plain values, no I/O and no await; `kube/reports/` writes them."""
