"""Keys: without Enter on a terminal, by lines from anything else."""

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


def key_of(mark: str) -> str:
    """Return the key of a typed character: lower-case, half-width, Latin on any keyboard."""
    mark = HANGUL.get(mark, unicodedata.normalize("NFKC", mark)).lower()
    return {"\r": "\n", END_OF_INPUT: "q"}.get(mark, mark)


@contextmanager
def key_reader(put: Put) -> Iterator[None]:
    """Call `put` with each key while this lasts, and leave the terminal as it was."""
    if sys.stdin is None or not sys.stdin.isatty():
        threading.Thread(target=read_lines, args=(put,), daemon=True).start()
        yield
        return
    with console_reader(put):
        yield


def read_lines(put: Put) -> None:
    """Put the first character of each line as a key; an empty line is Enter."""
    for line in sys.stdin or ():
        put(key_of(line.strip()[:1] or "\n"))


if sys.platform == "win32":
    import msvcrt
    import time

    @contextmanager
    def console_reader(put: Put) -> Iterator[None]:
        """Read keys from the console."""
        over = threading.Event()

        def read() -> None:
            while not over.is_set():
                if not msvcrt.kbhit():
                    time.sleep(0.05)
                elif (mark := msvcrt.getwch()) in "\x00\xe0":  # an arrow or the like
                    msvcrt.getwch()
                else:
                    put(key_of(mark))

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
    def console_reader(put: Put) -> Iterator[None]:
        """Read keys from the terminal, which is restored even if the process is ended."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        wake, waker = os.pipe()
        with signal_handlers(terminal):
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
                put(key_of(mark))
        os.close(wake)

    @contextmanager
    def signal_handlers(terminal: int) -> Iterator[None]:
        """Restore the terminal on SIGTERM and SIGHUP; read keys again after Ctrl-Z."""

        def end(number: int, _: object) -> None:
            raise SystemExit(128 + number)

        answers = {
            signal.SIGCONT: lambda *_: tty.setcbreak(terminal),  # the shell has changed it to lines
            signal.SIGTERM: end,
            signal.SIGHUP: end,
        }
        earlier = {number: signal.signal(number, answer) for number, answer in answers.items()}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
