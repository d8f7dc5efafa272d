"""What went wrong through no fault of mapguard, in one sentence for the user."""


class UsageError(Exception):
    """Wrong use or unusable input: the command line prints the message and exits with 2."""
