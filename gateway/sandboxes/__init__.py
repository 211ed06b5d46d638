"""Test mode's own operations, `/v1/test`: making sandboxes, and what can be done to one.

A sandbox is a tenant in test mode (`gateway/stores/sql/sandboxes.py`). Its records are in the sandbox program, which is told of
tenants through a private door (`control.py`).
"""
