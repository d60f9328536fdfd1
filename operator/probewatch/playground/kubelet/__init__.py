"""The playground's kubelet. Rule: it does what the real one does, in the same order."""
