"""The one error that a user may see."""


class StudioError(Exception):
    """Two short sentences for the user: what happened, and what to do next.

    Pages show it, the command line prints it and exits with 2. Anything else that escapes is a bug.
    """
