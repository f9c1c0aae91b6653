"""What can go wrong for a reason that the reader can mend.

Every module uses these; the command line prints them without a traceback.
"""


class EmolibError(Exception):
    """Base of all errors that emolib raises on purpose; its message names the thing and the fix."""


class BadInput(EmolibError, ValueError):  # noqa: N818 - reads as the fact that it states
    """A value, file or parameter is not what it has to be."""


class Unavailable(EmolibError):  # noqa: N818
    """Data or weights are out of reach; the message says where they come from."""
