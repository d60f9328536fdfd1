"""probewatch: why each container restarted, and when and why readiness changed."""
