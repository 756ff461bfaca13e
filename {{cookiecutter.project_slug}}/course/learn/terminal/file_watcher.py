"""Files that are saved, as the system tells it; by looking again and again where it does not."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfiles import Change, watch

SETTLED_MS = 120  # an editor may save, format and save again
READY_MS = 150
PROBE_SECONDS = 1.2


class Saves:
    """What the watch is told: when it begins, and of each save."""

    def __init__(
        self,
        folder: Path,
        state: Path,
        begun: Callable[[bool], None],
        saved: Callable[[set[Path]], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.folder, self.state = folder, state
        self.begun, self.saved, self.failed = begun, saved, failed
        self.before = stamps(folder)
        self.over = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While this lasts, saves are told of."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.over.set()

    def _run(self) -> None:
        try:
            self._watch(polling=must_poll() or not events_arrive(self.state / "probe"))
        except Exception as error:
            self.failed(error)

    def _watch(self, polling: bool) -> None:
        ready = False
        for changes in watch(
            self.folder,
            watch_filter=is_python,
            step=SETTLED_MS,
            rust_timeout=READY_MS,
            yield_on_timeout=True,
            force_polling=polling,
            stop_event=self.over,
        ):
            paths = {Path(path) for _, path in changes}
            if not ready:
                ready = True
                paths |= changed(self.before, stamps(self.folder))
                self.begun(polling)
            if paths:
                self.saved(paths)


def is_python(_: Change, path: str) -> bool:
    """Tell whether the change is one of source; editors and Python write other files as well."""
    return is_source(Path(path))


def is_source(path: Path) -> bool:
    """Tell whether a file is Python, and not a draft of an editor's."""
    return path.suffix == ".py" and not path.name.startswith(".")


def stamps(folder: Path) -> dict[Path, int]:
    """When each source file was saved."""
    found = {}
    for path in filter(is_source, folder.rglob("*.py")):
        try:
            found[path] = path.stat().st_mtime_ns
        except OSError:  # it is just being replaced
            found[path] = 0
    return found


def changed(before: dict[Path, int], after: dict[Path, int]) -> set[Path]:
    """What was saved, added or removed between two looks."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def must_poll() -> bool:
    """Looking again and again was asked for."""
    return bool(os.environ.get("LEARN_POLLING"))


def events_arrive(folder: Path, seconds: float = PROBE_SECONDS) -> bool:
    """Tell whether the system says it when a file is saved; some network folders do not."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f"{os.getpid()}"
    deadline = time.monotonic() + seconds
    try:
        for changes in watch(
            folder, watch_filter=None, rust_timeout=50, yield_on_timeout=True, force_polling=False
        ):
            if any(Path(path).name == probe.name for _, path in changes):
                return True
            if time.monotonic() > deadline:
                return False
            probe.write_text(str(time.monotonic_ns()))
    except OSError:  # the system has no watches left
        return False
    finally:
        probe.unlink(missing_ok=True)
    return False
