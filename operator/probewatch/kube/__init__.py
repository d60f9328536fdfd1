"""The boundary to Kubernetes. Rule: parsing and rendering are pure; clients and writers do I/O."""
