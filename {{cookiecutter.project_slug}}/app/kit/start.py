"""What keeps a program from starting, and what must be there before it starts."""

import os
import sys
from pathlib import Path


class StartError(Exception):
    """The program cannot start; the message says why, and what to type next."""


def open_streams() -> None:
    """Open the standard streams that are closed, on nothing.

    The next file that is opened, say the database, would have the stream's number, and whatever a
    library prints would be written into it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode)  # noqa: SIM115 - for as long as we live
            os.set_inheritable(stream.fileno(), True)  # workers need it, too
            setattr(sys, name, stream)
