"""The watch: at a terminal, by lines, with events and without."""

import os
import queue
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Desk

from learn.terminal import file_watcher, keys

PLACE = "app/health.py"
PATIENCE_SECONDS = 60
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
DRAWN_OVER = re.compile(r"^.*\r", re.MULTILINE)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
if sys.platform != "win32":
    import fcntl
    import pty
    import select
    import struct
    import termios


class Terminal:
    """A pseudo-terminal with the command in it."""

    def __init__(self, desk: Desk, columns: int, *words: str) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        variables = {k: v for k, v in desk.variables.items() if k != "COLUMNS"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "learn", *words],
            cwd=desk.project,
            env={**variables, "TERM": variables.get("TERM", "xterm-256color")},
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
        )
        self.raw = ""
        self.seen = 0

    @property
    def text(self) -> str:
        """What was printed, without what controls the terminal, and without what was drawn over."""
        return DRAWN_OVER.sub("", ESCAPES.sub("", self.raw).replace("\r\n", "\n"))

    def read(self, seconds: float) -> None:
        """Take in what comes."""
        if select.select([self.master], [], [], seconds)[0]:
            self.raw += os.read(self.master, 65536).decode("utf-8", "replace")

    def wait_for(self, wanted: str) -> str:
        """Read on until this is printed; what was printed since the last call."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := re.compile(wanted, re.MULTILINE).search(self.text, self.seen)):
            assert time.monotonic() < deadline, f"{wanted!r} is not in:\n{self.text}"
            self.read(0.2)
        new = self.text[self.seen : found.end()]
        self.seen = found.end()
        return new

    def wait_until(self, reached: Callable[[], bool]) -> None:
        """Read on until something is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline, self.text
            self.read(0.1)

    def press(self, marks: str) -> None:
        """Press keys."""
        os.write(self.master, marks.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.text
            self.read(0.05)
        self.read(0.1)
        return self.process.returncode

    def is_as_before(self) -> bool:
        """The terminal is as it was found."""
        return termios.tcgetattr(self.slave) == self.before


@contextmanager
def terminal(desk: Desk, *words: str, columns: int = 80) -> Iterator[Terminal]:
    """A watch at a terminal; it is ended in any case."""
    opened = Terminal(desk, columns, *words)
    try:
        yield opened
    finally:
        if opened.process.poll() is None:
            opened.process.kill()
        opened.process.wait()
        os.close(opened.master)
        os.close(opened.slave)


def test_a_learner_works_through_a_chapter(desk: Desk) -> None:
    with terminal(desk, "watch", "1") as screen:
        begun = screen.wait_for("Watching app/")
        assert begun.startswith("ch01  살아 있음")
        assert "course/chapters/ch01_live/lesson.md" in begun
        assert "Write live" in begun
        assert "p answer the questions" in begun
        screen.press("h")
        screen.wait_for("hint 1 of 4")
        screen.wait_for(r"h hint \(2 of 4\)")
        screen.press("p2")
        screen.wait_for("You said 2; it is 1")
        desk.change(PLACE, "# 1. Say so.", "return None")
        failed = screen.wait_for("q quit")
        assert "saved: app/health.py" in failed
        assert re.search(r"^\[1/2\] .* NOT YET$", failed, re.M)
        screen.press("r")
        screen.wait_for("127.0.0.1:8000/health/live")
        screen.press("n")
        screen.wait_for("has not passed yet")
        desk.solve("01")
        passed = screen.wait_for("Passed. Chapter 01 is right: 1 of 3 done")
        assert re.search(r"^\[2/2\] .* ok$", passed, re.M)
        assert "\x1b[" in screen.raw
        screen.wait_for("n go on to ch00")
        screen.press("h")
        screen.wait_for("n go on to ch00.* l lesson")
        screen.press("\r")
        screen.wait_for("ch00  Begin")
        screen.press("p1")
        screen.wait_for("Passed. Chapter 00")
        screen.press("n")
        screen.wait_for("ch02  Ask")
        screen.press("q")
        assert screen.end() == 0
        assert screen.is_as_before()
    assert desk.progress["01"]["passed"]
    assert desk.progress["01"]["attempts"] == 2
    assert "route=/health/live" in screen.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_left_as_it_was_found(desk: Desk, number: signal.Signals) -> None:
    with terminal(desk) as screen:
        screen.wait_for("Watching app/")
        assert not screen.is_as_before()
        screen.process.send_signal(number)
        assert screen.end() == 128 + number
        assert screen.is_as_before()
        assert "Traceback" not in screen.text


def test_an_end_in_the_middle_of_a_check_is_quiet_and_leaves_no_server(desk: Desk) -> None:
    grader = desk.project / "course/chapters/ch01_live/grader.py"
    text = grader.read_text("utf-8")
    noted = desk.state.parent / "pid"
    slow = (
        f"open({str(noted)!r}, 'w').write(str(lab.app.process.pid))\n    sleep(99)\n    lab.app.get"
    )
    grader.write_text("from time import sleep\n" + text.replace("lab.app.get", slow), "utf-8")
    desk.seal()
    with terminal(desk, "watch", "1") as screen:
        screen.wait_for("Watching app/")
        desk.solve("01")
        screen.wait_for(r"\[1/2\] GET /health/live")  # after two seconds it is said
        screen.press("s")
        screen.wait_for("then: s")
        screen.wait_until(lambda: noted.exists() and noted.read_text() != "")
        began = time.monotonic()
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 128 + signal.SIGTERM
        assert time.monotonic() - began < PATIENCE_SECONDS / 2
        assert screen.is_as_before()
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)


def test_a_server_that_is_held_up_is_ended_by_ctrl_c(desk: Desk) -> None:
    noted = desk.state.parent / "pid"
    desk.solve("01")
    desk.change(PLACE, "return Live()", "return __import__('time').sleep(99)")
    pid = f"open({str(noted)!r}, 'w').write(str(lab.app.process.pid))\n    lab.app.get(f"
    desk.change("course/chapters/ch01_live/grader.py", "lab.app.get(f", pid)
    desk.seal()
    with terminal(desk, "check", "1") as screen:
        screen.wait_until(lambda: noted.exists() and noted.read_text() != "")
        screen.wait_for(r"\[1/2\] GET /health/live")  # now it waits for the answer
        os.killpg(screen.process.pid, signal.SIGINT)
        assert screen.end() == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)


def test_a_question_can_be_left_by_ctrl_c(desk: Desk) -> None:
    with terminal(desk, "watch", "1") as screen:
        screen.wait_for("Watching app/")
        screen.press("p")
        screen.wait_for("your answer")
        os.killpg(screen.process.pid, signal.SIGINT)  # as the terminal does for Ctrl-C
        screen.wait_for("^The rest can wait")
        assert screen.end() == 130
        assert screen.is_as_before()


def test_the_watch_follows_to_another_chapter(desk: Desk) -> None:
    with terminal(desk, "watch", "1") as screen:
        screen.wait_for("Watching app/")
        (desk.project / "app/more.py").write_text("")
        screen.wait_for("saved: app/more.py")
        screen.wait_for("q quit")
        (desk.project / "app/more.py").unlink()
        screen.wait_for("removed: app/more.py")
        screen.wait_for("q quit")
        assert desk.learn("jump", "2", "--yes").returncode == 0
        screen.wait_for("^ch02  Ask")
        screen.wait_for("q quit")
        assert "Passed" not in screen.text
    assert "passed" not in desk.progress["01"]


def test_saves_are_found_by_looking_where_no_events_come(desk: Desk) -> None:
    desk.environment["LEARN_POLLING"] = "1"
    with terminal(desk, "watch", "1") as screen:
        screen.wait_for("by polling")
        desk.solve("01")
        screen.wait_for("Passed. Chapter 01")


@pytest.mark.parametrize("how", ["--plain", "NO_COLOR", "TERM"])
def test_plain_is_plain_at_sixty_columns(desk: Desk, how: str) -> None:
    words = ["watch", "1"] + ([how] if how.startswith("--") else [])
    desk.environment |= {"NO_COLOR": {"NO_COLOR": "1"}, "TERM": {"TERM": "dumb"}}.get(how, {})
    with terminal(desk, *words, columns=60) as screen:
        screen.wait_for("Watching app/")
        desk.change(PLACE, "# 1. Say so.", "return None")
        screen.wait_for("q quit")
        screen.press("q")
        assert screen.end() == 0
        assert "\x1b" not in screen.raw
        assert widest(screen.text) <= 60
        assert "NOT YET" in screen.text


def widest(text: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n")))


def test_lines_are_keys_where_there_is_no_terminal(desk: Desk) -> None:
    found = desk.learn("watch", "1", typed="s\nnothing\nhint\nq\n")
    assert found.returncode == 0
    assert "0 of 3 done" in found.stdout
    assert "hint 1 of 4" in found.stdout
    assert "\x1b" not in found.stdout


def test_without_a_verb_it_watches(desk: Desk) -> None:
    assert desk.learn(typed="q\n").stdout.startswith("ch00  Begin")


def test_keys_are_meant_on_any_keyboard() -> None:
    assert [keys.key_of(mark) for mark in "hHㅗ\uff48\r\x04"] == ["h", "h", "h", "h", "\n", "q"]


def test_events_are_probed_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_watcher.events_arrive(tmp_path / "probe", seconds=10)
    assert list((tmp_path / "probe").iterdir()) == []
    # a file system that says nothing, and a system without watches, cannot be had here
    monkeypatch.setattr(file_watcher, "watch", silent)
    assert not file_watcher.events_arrive(tmp_path / "probe", seconds=0.1)
    monkeypatch.setattr(file_watcher, "watch", none_left)
    assert not file_watcher.events_arrive(tmp_path / "probe", seconds=0.1)


def test_it_polls_where_no_events_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # such a file system cannot be had here
    monkeypatch.setattr(file_watcher, "events_arrive", lambda _: False)
    told: queue.Queue[object] = queue.Queue()
    app = tmp_path / "app"
    app.mkdir()
    failed: list[Exception] = []
    with file_watcher.FileWatcher(app, tmp_path, told.put, told.put, failed.append):
        assert told.get(timeout=PATIENCE_SECONDS) is True
        (app / "one.py").write_text("")
        (app / ".two.py").write_text("")
        assert told.get(timeout=PATIENCE_SECONDS) == {app / "one.py"}
    assert failed == []


def test_a_save_that_the_system_does_not_announce_is_found(tmp_path: Path) -> None:
    """Such as one on the other side of a mount; here it goes through a name outside the folder."""
    told: queue.Queue[object] = queue.Queue()
    app = tmp_path / "app"
    app.mkdir()
    (app / "one.py").write_text("")
    (tmp_path / "outside").hardlink_to(app / "one.py")
    with file_watcher.FileWatcher(app, tmp_path / "state", told.put, told.put, told.put):
        assert told.get(timeout=PATIENCE_SECONDS) is False
        (tmp_path / "outside").write_text("changed")
        assert told.get(timeout=PATIENCE_SECONDS) == {app / "one.py"}
        with pytest.raises(queue.Empty):  # and once only
            told.get(timeout=2 * file_watcher.LOOK_SECONDS)


@pytest.mark.parametrize(
    ("name", "value", "polls"),
    [
        ("LEARN_POLLING", "1", True),
        ("WATCHFILES_FORCE_POLLING", "true", True),
        ("WATCHFILES_FORCE_POLLING", "disabled", False),
        ("WATCHFILES_FORCE_POLLING", "", False),
    ],
)
def test_polling_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, polls: bool
) -> None:
    monkeypatch.setenv(name, value)
    assert file_watcher.must_poll() == polls


def test_what_was_saved_before_the_watch_began_is_reported(tmp_path: Path) -> None:
    before = file_watcher.stamps(tmp_path)
    (tmp_path / "one.py").write_text("")
    assert file_watcher.changed_paths(before, file_watcher.stamps(tmp_path)) == {
        tmp_path / "one.py"
    }


def silent(*_: object, **__: object) -> Iterator[set[tuple[int, str]]]:
    """A system that never says anything."""
    while True:
        time.sleep(0.01)
        yield set()


def none_left(*_: object, **__: object) -> Callable[[], None]:
    """A system that has no watches left."""
    raise OSError("no space left on device")
