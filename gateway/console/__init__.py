"""The console: where people see and end what may act in their name, and where developers keep their apps."""
