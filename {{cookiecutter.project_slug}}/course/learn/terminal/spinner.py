"""A spinner: what takes a while, said on the terminal."""

from threading import Lock, Timer

from rich.console import Console
from rich.text import Text

PATIENCE_SECONDS = 2.0


class Spinner:
    """A line that appears after some seconds, says what is being done, and disappears."""

    def __init__(self, console: Console, shown: bool) -> None:
        self.status = console.status("", spinner="line")
        self.lock = Lock()
        self.over = not shown
        self.what = self.after = ""
        self.timer = Timer(PATIENCE_SECONDS, self.begin)
        self.timer.daemon = True
        self.timer.start()

    def say(self, what: str) -> None:
        """Say what is being done."""
        self.what = what
        self.status.update(Text(f"{self.what}  {self.after}"))

    def promise(self, after: str) -> None:
        """Add what is done after it."""
        self.after = after
        self.say(self.what)

    def begin(self) -> None:
        """Show the line."""
        with self.lock:
            if not self.over:
                self.status.start()

    def end(self) -> None:
        """Remove the line."""
        self.timer.cancel()
        with self.lock:
            self.over = True
            self.status.stop()
