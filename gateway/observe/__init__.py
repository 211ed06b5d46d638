"""What operators see: log lines, metrics, trace context and the admin endpoints."""
