"""What the tests of the tasks share: waiting, tasks, and a runner with the test's own kinds."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from app.settings import Settings
from app.tasks.engine.context import TaskContext
from app.tasks.engine.runner import Runner
from app.tasks.kinds.registry import KINDS, Kind, Kinds
from app.tasks.records import Claim, NewTask
from app.tasks.schemas import Task, TaskState
from app.tasks.store import TaskStore
from tests.fakes import FakeModel, opens
from tests.storage.helpers import Direct, opened

T = TypeVar("T")
Run = Callable[[BaseModel, TaskContext], Any]
Tasks = Direct[TaskStore]

LONGEST_SECONDS = 30
# what the stores of the tests claim
KNOWN = [(kind, 1) for kind in ("wait", "batch-prediction", "other", "test")]
FAR = 3600.0  # longer than any test lasts
GONE = -1.0  # a lease of this many seconds has run out
FAST: dict[str, object] = {
    "task_lease_seconds": 1.0,
    "task_poll_seconds": 0.05,
    "task_backoff_seconds": 0.01,
    "task_max_attempts": 3,
    "task_concurrency": 2,
}


class Anything(BaseModel):
    """A payload without fields."""


def with_kind(run: Run) -> Kinds:
    """Return the kinds of the app, with this function as the kind `test`."""
    return {**KINDS, "test": Kind(Anything, run, {})}


@contextmanager
def opened_tasks(
    path: Path, known: Sequence[tuple[str, int]] = KNOWN, **settings: object
) -> Iterator[Tasks]:
    """Open the tasks in this file, as a test or another process does."""
    with opened(path, **settings) as storage:
        yield Direct(TaskStore(storage, known))


def wait_for(what: Callable[[], T]) -> T:
    """Call the function until its result is true, and return that."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not (given := what()):
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.01)
    return given


def new_task(
    kind: str = "wait",
    payload: str = '{"seconds": 0}',
    key: str | None = None,
    fingerprint: str = "",
    pieces: Sequence[bytes] = (),
    version: int = 1,
) -> NewTask:
    """Return a task to add."""
    return NewTask(str(uuid4()), kind, payload, key, fingerprint, pieces, version)


def added(tasks: Tasks, task: NewTask) -> Task:
    """Add the task, and return it as the store has it."""
    return tasks.store.add.sync(task)


def claimed(tasks: Tasks, owner: str = "one", lease: float = FAR) -> Claim:
    """Add a task, claim it, and return the claim."""
    task = added(tasks, new_task())
    (claim,) = tasks.store.claim.sync(owner, lease, 1, str(task.id))
    return claim


def rescue(tasks: Tasks, max_attempts: int = 9) -> list[tuple[str, TaskState]]:
    """Take over what has run out, without giving the owners time to renew it."""
    tasks.doubt(FAR, GONE)
    rescued: list[tuple[str, TaskState]] = tasks.rescue(max_attempts)
    return rescued


def found(tasks: Tasks, task: Task | Claim) -> Task:
    """Return the task as it is in the store now."""
    return tasks.store.get.sync(UUID(str(task.id)))


@contextmanager
def started_runner(
    store: TaskStore,
    settings: Settings,
    kinds: Kinds = KINDS,
    model: FakeModel | None = None,
    **options: float,
) -> Iterator[Runner]:
    """Run tasks with a fake model, and close the runner at the end."""
    with (
        closing(opens(model or FakeModel())(settings)) as models,
        closing(Runner(store, models, settings, kinds, **options)) as runner,
    ):
        yield runner


def submitted(store: TaskStore, task: NewTask) -> Task:
    """Add the task, and return it as the store has it."""
    return store.add.sync(task)


def state_of(store: TaskStore, task: Task) -> TaskState:
    """Return the state of the task now."""
    return store.get.sync(task.id).state


def wait_for_state(store: TaskStore, task: Task, *states: TaskState) -> Task:
    """Return the task once it is in one of these states."""
    wait_for(lambda: state_of(store, task) in states)
    return store.get.sync(task.id)


def attempt(runner: Runner, task: Task) -> Task:
    """Make one attempt at the task in this thread once it is due, and return the task."""
    store = runner.store
    (claim,) = wait_for(lambda: store.claim.sync(runner.owner, FAR, 1, str(task.id)))
    context = runner.begin(claim)
    runner.settle(claim, runner.run(context))
    runner.end(context)
    return store.get.sync(task.id)


def run(runner: Runner, new: NewTask) -> Task:
    """Return the task after its first attempt."""
    return attempt(runner, submitted(runner.store, new))


def result(store: TaskStore, task: Task) -> str:
    """Return the file that the task wrote."""
    task_id = str(task.id)
    count = store.count_pieces.sync(task_id, "result")
    read = [store.piece.sync(task_id, "result", n) for n in range(count)]
    return b"".join(piece or b"" for piece in read).decode()
