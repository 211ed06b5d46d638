"""Tenants that are made while the sandbox runs, each with a database of its own: what test mode stands on."""
