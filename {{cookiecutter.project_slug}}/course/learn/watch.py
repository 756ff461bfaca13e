"""`learn` without a verb: stay with a chapter, and look at it whenever a file is saved."""

import queue
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from learn.chapters import Chapter
from learn.events import Begun, Event, Failed, Pressed, Saved
from learn.grading import Verdict
from learn.hints import predict, show_hint
from learn.keys import keys
from learn.learner import Learner, LearnError
from learn.marks import clean
from learn.saves import Saves
from learn.screens import Screen
from learn.showing import CheckScreen, introduce, offer

LOOK_UP_SECONDS = 0.5  # Windows hears Ctrl-C only between two waits


class Quit(Exception):  # noqa: N818
    """The learner wants to stop."""


class Watch:
    """A learner at work."""

    def __init__(self, screen: Screen, learner: Learner, chapter: Chapter) -> None:
        self.screen, self.learner, self.chapter = screen, learner, chapter
        screen.takes_keys = True
        self.events: queue.Queue[Event] = queue.Queue()
        self.passed = False

    def run(self) -> int:
        """Until the learner quits."""
        saves = Saves(
            self.learner.project / "app",
            self.learner.state,
            begun=lambda polling: self.events.put(Begun(polling)),
            saved=lambda paths: self.events.put(Saved(paths)),
            failed=lambda error: self.events.put(Failed(error)),
        )
        with keys(lambda key: self.events.put(Pressed(key))), saves.watched():
            self.begin()
            try:
                while True:
                    self.handle(self.wait())
            except Quit:
                return 0

    def wait(self) -> Event:
        """The next thing that happens."""
        while True:
            try:
                return self.events.get(timeout=LOOK_UP_SECONDS)
            except queue.Empty:
                continue

    def handle(self, event: Event) -> None:
        """Do what is to be done about it."""
        self.screen.fit()
        match event:
            case Begun(polling):
                self.screen.say("watch.polling" if polling else "watch.begun")
            case Saved(paths):
                self.on_save(paths)
            case Pressed(key):
                self.on_key(key)
            case Failed(error):
                raise LearnError("watch.failed", 3, cause=error)

    def begin(self) -> None:
        """What the chapter is about, and how far it is, if something was written already."""
        self.passed = False
        introduce(self.screen, self.learner, self.chapter)
        fresh = self.learner.fault(self.chapter) is None and self.learner.is_unwritten(self.chapter)
        if self.learner.is_open or fresh or not self.chapter.targets:
            self.offer()
        else:
            self.screen.line()
            self.look()

    def offer(self) -> None:
        """Which keys there are."""
        first = ["predict"] if self.learner.unanswered(self.chapter) else []
        work = "edit" if self.chapter.targets else "check"
        names = [*first, "lesson", work, "hint", "status", "quit"]
        offer(self.screen, self.learner, self.chapter, [], names)

    def on_save(self, paths: set[Path]) -> None:
        """Look again; what else was saved meanwhile is seen with it."""
        waiting: list[Event] = []
        while not self.events.empty():
            event = self.events.get()
            if isinstance(event, Saved):
                paths = paths | event.paths
            else:
                waiting.append(event)
        for event in waiting:
            self.events.put(event)
        names = sorted(map(self.learner.shown, paths))
        time = datetime.now().astimezone().strftime("%H:%M:%S")
        self.screen.line()
        self.screen.say("watch.saved", style="dim", files=", ".join(names[:3]), time=time)
        self.look()

    def look(self) -> None:
        """Look at the chapter."""
        seed = secrets.randbelow(10_000)
        shown = CheckScreen(self.screen, self.learner, self.chapter, seed)
        try:
            self.passed = shown.look().verdict is Verdict.PASSED
        except (OSError, UnicodeDecodeError) as error:  # just being replaced; the next save comes
            self.screen.say("watch.unread", cause=error)

    def on_key(self, key: str) -> None:
        """Do what the key stands for; other keys are nothing."""
        from learn import replaying, verbs

        screen, learner = self.screen, self.learner
        shown: dict[str, Callable[[], object]] = {
            "h": lambda: show_hint(screen, learner, self.chapter),
            "l": lambda: verbs.show_lesson(screen, learner, self.chapter),
            "r": lambda: replaying.replay(screen, learner),
            "s": lambda: verbs.show_status(screen, learner),
        }
        done: dict[str, Callable[[], object]] = {
            "c": self.look,
            "n": self.go_on,
            "\n": self.go_on,
            "p": self.predict,
            "q": self.quit,
        }
        if key not in shown | done:
            return
        screen.line()
        try:
            (shown | done)[key]()
        except LearnError as error:
            screen.line(str(error))
        if key in shown:
            self.offer()

    def quit(self) -> None:
        """Leave."""
        self.screen.say("watch.end")
        raise Quit

    def go_on(self) -> None:
        """The next chapter, when this one has passed."""
        if not self.passed and not self.learner.store.read().is_done(self.chapter.id):
            self.screen.say("watch.not_yet", chapter=self.chapter.id)
            return
        following = self.learner.current()
        if following is None:
            self.screen.say("check.nothing_left")
            return
        self.chapter = following
        with self.learner.store.change() as progress:
            progress.current = following.id
        self.begin()

    def predict(self) -> None:
        """Ask the questions of the chapter; a chapter of questions alone may pass with them."""
        finished = predict(self.screen, self.learner, self.chapter, self.ask) == 0
        if finished and not self.chapter.targets:
            self.look()

    def ask(self, prompt: str) -> str | None:
        """The key that is pressed next; saves are looked at afterwards."""
        self.screen.console.print(prompt, end="")
        later: list[Event] = []
        try:
            while True:
                event = self.wait()
                if isinstance(event, Pressed):
                    self.screen.line(clean(event.key.strip()))
                    return None if event.key == "q" else event.key
                later.append(event)
        finally:
            for event in later:
                self.events.put(event)
