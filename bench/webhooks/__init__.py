"""Couriers as they are deployed, before receivers that cost nothing: what docs/performance.md tells of webhooks."""
