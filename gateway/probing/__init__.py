"""`gateway probe`: which of the declared calls a live service answers, in which shape, and what to configure then.

Nothing here knows a resource by name: what is asked follows from the compiled operations and their plans, so the answers are
judged by the very code that will meet them. Only reads are made, unless writes are allowed.
"""
