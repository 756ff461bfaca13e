"""`learn` without a verb: stay with a chapter, and check it whenever a file is saved."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from learn.chapters.chapter import Chapter
from learn.commands.chapter_screen import ChapterScreen
from learn.commands.hint import show_hint
from learn.commands.introduction import introduce
from learn.commands.options import offer, offer_next
from learn.commands.predict import ask_questions
from learn.grading.report import draw_seed
from learn.grading.verdict import Verdict
from learn.progress.project import Project
from learn.terminal.encoding import clean
from learn.terminal.errors import LearnError
from learn.terminal.events import Event, Events, Pressed, Saved, WatcherBegun, WatcherFailed
from learn.terminal.file_watcher import FileWatcher
from learn.terminal.keys import key_reader
from learn.terminal.messages import text
from learn.terminal.screen import Screen


class Quit(Exception):  # noqa: N818
    """The learner wants to stop."""


class Watch:
    """A learner at work on a chapter."""

    def __init__(self, screen: Screen, project: Project, chapter: Chapter) -> None:
        self.screen, self.project, self.chapter = screen, project, chapter
        screen.takes_keys = True
        self.events = Events()
        self.passed = False
        self.chosen = project.progress_file.read().current  # by `next` or `jump`

    def run(self) -> int:
        """Handle events until the learner quits."""
        watcher = FileWatcher(
            self.project.folder / "app",
            self.project.state,
            on_begin=lambda polling: self.events.put(WatcherBegun(polling)),
            on_save=lambda paths: self.events.put(Saved(paths)),
            on_error=lambda error: self.events.put(WatcherFailed(error)),
        )
        with key_reader(self.press), watcher:
            self.begin()
            try:
                while True:
                    self.handle(self.events.wait())
            except Quit:
                return 0

    def press(self, key: str) -> None:
        """Take a key; while a check runs, say that it has to wait."""
        self.events.put(Pressed(key))
        if spinner := self.screen.current_spinner:
            spinner.promise(text("watch.waits", key=key.strip()))

    def handle(self, event: Event) -> None:
        """Do what an event asks for."""
        self.screen.fit()
        match event:
            case WatcherBegun(polling):
                self.screen.say("watch.polling" if polling else "watch.begun")
            case Saved(paths):
                self.on_save(paths)
            case Pressed(key):
                if key == "q" or not self.follows():
                    self.on_key(key)
            case WatcherFailed(error):
                raise LearnError("watch.failed", 3, cause=error)

    def begin(self) -> None:
        """Introduce the chapter, and check it if something has been written already."""
        self.passed = False
        introduce(self.screen, self.project, self.chapter)
        sound = self.project.fault(self.chapter) is None
        fresh = sound and not self.project.is_begun(self.chapter)
        if self.project.is_open or fresh or not self.chapter.targets:
            self.offer()
        else:
            self.screen.line()
            self.check()

    def offer(self) -> None:
        """Show the keys."""
        if self.passed:
            offer_next(self.screen, self.project)
            return
        first = ["predict"] if self.project.unanswered_questions(self.chapter) else []
        work = "edit" if self.chapter.targets else "check"
        names = [*first, "lesson", work, "hint", "status", "quit"]
        offer(self.screen, self.project, self.chapter, [], names)

    def on_save(self, paths: set[Path]) -> None:
        """Check again; the check covers what else was saved meanwhile."""
        paths = paths | self.events.take_saved()
        if self.follows():
            return
        time = datetime.now().astimezone().strftime("%H:%M:%S")
        self.screen.line()
        display = self.project.display_path
        for there in (True, False):
            names = sorted(display(path) for path in paths if path.exists() is there)
            if names:
                key = "watch.saved" if there else "watch.removed"
                self.screen.say(key, style="dim", files=", ".join(names[:3]), time=time)
        self.check()

    def follows(self) -> bool:
        """Go to the chapter that was chosen in another terminal; tell whether there was one."""
        chosen = self.project.progress_file.read().current
        if chosen == self.chosen:
            return False
        self.chosen = chosen
        self.chapter = self.project.chapter(None)
        self.screen.line()
        self.begin()
        return True

    def check(self) -> None:
        """Check the chapter."""
        shown = ChapterScreen(self.screen, self.project, self.chapter, draw_seed())
        try:
            self.passed = shown.check().verdict is Verdict.PASSED
        except (OSError, UnicodeDecodeError) as error:  # it is being replaced: a save will follow
            self.screen.say("watch.unread", cause=error)

    def on_key(self, key: str) -> None:
        """Do what the key means; ignore other keys."""
        from learn.commands.lesson import show_lesson
        from learn.commands.replay import show_replay
        from learn.commands.status import show_status

        screen, project = self.screen, self.project
        shown: dict[str, Callable[[], object]] = {
            "h": lambda: show_hint(screen, project, self.chapter),
            "l": lambda: show_lesson(screen, project, self.chapter),
            "r": lambda: show_replay(screen, project),
            "s": lambda: show_status(screen, project),
        }
        done: dict[str, Callable[[], object]] = {
            "c": self.check,
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
        """Go to the next chapter, if this one has passed."""
        if not self.passed and not self.project.progress_file.read().is_done(self.chapter.id):
            self.screen.say("watch.not_yet", chapter=self.chapter.id)
            return
        following = self.project.current_chapter()
        if following is None:
            self.screen.say("check.nothing_left")
            return
        self.chapter = following
        with self.project.progress_file.change() as progress:
            progress.current = self.chosen = following.id
        self.begin()

    def predict(self) -> None:
        """Ask the questions of the chapter; if it has nothing else, they may pass it."""
        finished = ask_questions(self.screen, self.project, self.chapter, self.ask) == 0
        if finished and not self.chapter.targets:
            self.check()

    def ask(self, prompt: str) -> str | None:
        """Return the key that is pressed next; saves are handled afterwards."""
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
