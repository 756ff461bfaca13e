"""What keeps a program from starting."""


class StartError(Exception):
    """The program cannot start; the message says why, and what to type next."""
