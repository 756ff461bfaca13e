"""Keys, as they are pressed: without Enter on a terminal, by lines from anything else."""

import os
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Put = Callable[[str], None]

# The keys c, h, l, n, p, q, r and s where a Korean keyboard is in use.
HANGUL = dict(zip("ㅊㅗㅣㅜㅔㅂㄱㄴ", "chlnpqrs", strict=True))
END_OF_INPUT = "\x04"  # Ctrl-D


def meant(mark: str) -> str:
    """The key that is meant: small, of half width, on whatever keyboard."""
    mark = HANGUL.get(mark, unicodedata.normalize("NFKC", mark)).lower()
    return {"\r": "\n", END_OF_INPUT: "q"}.get(mark, mark)


@contextmanager
def keys(put: Put) -> Iterator[None]:
    """While this lasts, keys are put; the terminal is left as it was found."""
    if sys.stdin is None or not sys.stdin.isatty():
        threading.Thread(target=read_lines, args=(put,), daemon=True).start()
        yield
        return
    with pressed(put):
        yield


def read_lines(put: Put) -> None:
    """The first mark of each line is a key; an empty line is Enter."""
    for line in sys.stdin or ():
        put(meant(line.strip()[:1] or "\n"))


if sys.platform == "win32":
    import msvcrt
    import time

    @contextmanager
    def pressed(put: Put) -> Iterator[None]:
        """Look for keys on the console."""
        over = threading.Event()

        def read() -> None:
            while not over.is_set():
                if not msvcrt.kbhit():
                    time.sleep(0.05)
                elif (mark := msvcrt.getwch()) in "\x00\xe0":  # an arrow or the like
                    msvcrt.getwch()
                else:
                    put(meant(mark))

        threading.Thread(target=read, daemon=True).start()
        try:
            yield
        finally:
            over.set()

else:
    import select
    import signal
    import termios
    import tty

    @contextmanager
    def pressed(put: Put) -> Iterator[None]:
        """Look for keys on the terminal, which is put back even if the process is ended."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        wake, waker = os.pipe()
        with signals_answered(terminal):
            tty.setcbreak(terminal)
            threading.Thread(target=read_keys, args=(terminal, wake, put), daemon=True).start()
            try:
                yield
            finally:
                termios.tcsetattr(terminal, termios.TCSANOW, before)
                os.close(waker)

    def read_keys(terminal: int, wake: int, put: Put) -> None:
        """Put each key that is pressed, until the other end of `wake` is closed."""
        while terminal in select.select([terminal, wake], [], [])[0]:
            marks = os.read(terminal, 64).decode("utf-8", "ignore")
            if not marks:
                break
            for mark in "" if marks[0] == "\x1b" else marks:  # an arrow or the like
                put(meant(mark))
        os.close(wake)

    @contextmanager
    def signals_answered(terminal: int) -> Iterator[None]:
        """End in order when told to; on the way back from Ctrl-Z, look for keys again."""

        def ended(number: int, _: object) -> None:
            raise SystemExit(128 + number)

        answers = {
            signal.SIGCONT: lambda *_: tty.setcbreak(terminal),  # the shell has set it to lines
            signal.SIGTERM: ended,
            signal.SIGHUP: ended,
        }
        earlier = {number: signal.signal(number, answer) for number, answer in answers.items()}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
