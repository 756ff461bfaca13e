"""Errors that are nobody's fault: the process has run out of something."""

import errno

NO_THREAD = "can't start new thread"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def is_exhaustion(error: BaseException) -> bool:
    """Return whether memory, disk space, files or threads have run out."""
    no_thread = isinstance(error, RuntimeError) and str(error) == NO_THREAD
    no_room = isinstance(error, OSError) and error.errno in NO_ROOM
    return no_thread or no_room or isinstance(error, MemoryError)
