"""What callers of the stores must be ready for."""


class StoreUnavailable(Exception):
    """The store did not answer, or did not answer in time. What was asked may or may not have been done.

    The message is for logs: it names the store's fault and never holds keys, tokens or passwords.
    """

    for_logs = True


class NoSuchRow(Exception):
    """What was looked for is nothing that the database could hold, such as a text with a NUL: it is not there."""
