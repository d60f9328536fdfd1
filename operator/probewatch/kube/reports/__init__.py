"""ProbeReports in the API. Rule: written only over the version that is known."""
