"""A file watcher: the system says when a file is saved, or the folder is polled.

No system says it of a file that another one saves: in a bind mount, on a network folder, on the
Windows side of WSL. So the watcher also looks for itself, less often.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from watchfiles import Change, watch

SETTLED_MS = 120  # an editor may save, format and save again
READY_MS = 150
PROBE_SECONDS = 1.2
LOOK_SECONDS = 1.0
NO = frozenset({"false", "disable", "disabled"})  # as watchfiles reads its variable


class FileWatcher:
    """Calls back when it begins, and when source files are saved, while it is entered."""

    def __init__(
        self,
        folder: Path,
        state: Path,
        on_begin: Callable[[bool], None],
        on_save: Callable[[set[Path]], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self.folder, self.state = folder, state
        self.on_begin, self.on_save, self.on_error = on_begin, on_save, on_error
        self.before = stamps(folder)
        self.over = threading.Event()

    def __enter__(self) -> "FileWatcher":
        """Begin to watch, in a thread."""
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Tell the thread to end."""
        self.over.set()

    def _run(self) -> None:
        try:
            self._watch(polling=must_poll() or not events_arrive(self.state / "probe"))
        except Exception as error:
            self.on_error(error)

    def _watch(self, polling: bool) -> None:
        ready, next_look = False, 0.0
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
            if paths or time.monotonic() > next_look:
                paths |= self._look()
                next_look = time.monotonic() + LOOK_SECONDS
            if not ready:
                ready = True
                self.on_begin(polling)
            if paths:
                self.on_save(paths)

    def _look(self) -> set[Path]:
        """Return what was saved since the last look, whoever saved it."""
        before, self.before = self.before, stamps(self.folder)
        if before != self.before:
            time.sleep(SETTLED_MS / 1000)
            self.before = stamps(self.folder)
        return changed_paths(before, self.before)


def is_python(_: Change, path: str) -> bool:
    """Tell whether source has changed; editors and Python write other files as well."""
    return is_source(Path(path))


def is_source(path: Path) -> bool:
    """Tell whether a file is Python, and not an editor's draft."""
    return path.suffix == ".py" and not path.name.startswith(".")


def stamps(folder: Path) -> dict[Path, int]:
    """Return when each source file was saved."""
    found = {}
    for path in filter(is_source, folder.rglob("*.py")):
        try:
            found[path] = path.stat().st_mtime_ns
        except OSError:  # it is being replaced at this moment
            found[path] = 0
    return found


def changed_paths(before: dict[Path, int], after: dict[Path, int]) -> set[Path]:
    """Return what was saved, added or removed between two looks."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def must_poll() -> bool:
    """Tell whether polling was asked for, by our variable or by watchfiles' own."""
    asked = os.environ.get("WATCHFILES_FORCE_POLLING", "").lower()
    return bool(os.environ.get("LEARN_POLLING")) or asked not in {"", *NO}


def events_arrive(folder: Path, seconds: float = PROBE_SECONDS) -> bool:
    """Tell whether the system says when a file is saved; some network folders do not."""
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
