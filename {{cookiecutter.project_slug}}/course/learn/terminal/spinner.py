"""What is being done right now, said on a terminal when it takes a while."""

from threading import Lock, Timer

from rich.console import Console
from rich.text import Text

PATIENCE_SECONDS = 2.0


class Working:
    """What is being done, on a line that goes away; it comes only after some seconds."""

    def __init__(self, console: Console, shown: bool) -> None:
        self.status = console.status("", spinner="line")
        self.lock = Lock()
        self.over = not shown
        self.what = self.after = ""
        self.timer = Timer(PATIENCE_SECONDS, self.begin)
        self.timer.daemon = True
        self.timer.start()

    def say(self, what: str) -> None:
        """Say what is being done now."""
        self.what = what
        self.status.update(Text(f"{self.what}  {self.after}"))

    def promise(self, after: str) -> None:
        """Say as well what is done after it."""
        self.after = after
        self.say(self.what)

    def begin(self) -> None:
        """Say from now on what is being done."""
        with self.lock:
            if not self.over:
                self.status.start()

    def end(self) -> None:
        """It is done."""
        self.timer.cancel()
        with self.lock:
            self.over = True
            self.status.stop()
