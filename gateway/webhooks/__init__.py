"""Webhooks: events come in on a private port, and go out to whoever subscribed, in the subscriber's contract."""
