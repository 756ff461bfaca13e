"""`learn` without a verb: stay with a chapter, and look at it whenever a file is saved."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from learn.chapters import Chapter
from learn.events import Begun, Event, Events, Failed, Pressed, Saved
from learn.grading import Verdict
from learn.hints import predict, show_hint
from learn.keys import keys
from learn.learner import Learner, LearnError
from learn.marks import clean
from learn.messages import text
from learn.offering import offer, offer_next
from learn.saves import Saves
from learn.screens import Screen
from learn.showing import CheckScreen, introduce


class Quit(Exception):  # noqa: N818
    """The learner wants to stop."""


class Watch:
    """A learner at work."""

    def __init__(self, screen: Screen, learner: Learner, chapter: Chapter) -> None:
        self.screen, self.learner, self.chapter = screen, learner, chapter
        screen.takes_keys = True
        self.events = Events()
        self.passed = False
        self.chosen = learner.store.read().current  # by `next` or `jump`

    def run(self) -> int:
        """Until the learner quits."""
        saves = Saves(
            self.learner.project / "app",
            self.learner.state,
            begun=lambda polling: self.events.put(Begun(polling)),
            saved=lambda paths: self.events.put(Saved(paths)),
            failed=lambda error: self.events.put(Failed(error)),
        )
        with keys(self.press), saves.watched():
            self.begin()
            try:
                while True:
                    self.handle(self.events.wait())
            except Quit:
                return 0

    def press(self, key: str) -> None:
        """Take a key; while a check runs, say that it has to wait."""
        self.events.put(Pressed(key))
        if working := self.screen.at_work:
            working.promise(text("watch.waits", key=key.strip()))

    def handle(self, event: Event) -> None:
        """Do what is to be done about it."""
        self.screen.fit()
        match event:
            case Begun(polling):
                self.screen.say("watch.polling" if polling else "watch.begun")
            case Saved(paths):
                self.on_save(paths)
            case Pressed(key):
                if key == "q" or not self.follows():
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
        if self.passed:
            offer_next(self.screen, self.learner)
            return
        first = ["predict"] if self.learner.unanswered(self.chapter) else []
        work = "edit" if self.chapter.targets else "check"
        names = [*first, "lesson", work, "hint", "status", "quit"]
        offer(self.screen, self.learner, self.chapter, [], names)

    def on_save(self, paths: set[Path]) -> None:
        """Look again; what else was saved meanwhile is seen with it."""
        paths = paths | self.events.take_saved()
        if self.follows():
            return
        time = datetime.now().astimezone().strftime("%H:%M:%S")
        self.screen.line()
        for there in (True, False):
            names = sorted(self.learner.shown(path) for path in paths if path.exists() is there)
            if names:
                key = "watch.saved" if there else "watch.removed"
                self.screen.say(key, style="dim", files=", ".join(names[:3]), time=time)
        self.look()

    def follows(self) -> bool:
        """Go to the chapter that was chosen in another terminal, if there was one."""
        chosen = self.learner.store.read().current
        if chosen == self.chosen:
            return False
        self.chosen = chosen
        self.chapter = self.learner.chapter(None)
        self.screen.line()
        self.begin()
        return True

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
            progress.current = self.chosen = following.id
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
                event = self.events.wait()
                if isinstance(event, Pressed):
                    self.screen.line(clean(event.key.strip()))
                    return None if event.key == "q" else event.key
                later.append(event)
        finally:
            for event in later:
                self.events.put(event)
