"""What the tests of the tasks share: waiting, tasks, and a runner with kinds of the test's own."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

from app.settings import Settings
from app.tasks.commits import GroupCommit
from app.tasks.engine.runner import Runner
from app.tasks.repository import Claim, NewTask, TaskRepository
from app.tasks.schemas import Task, TaskState
from tests.fakes import FakeModel

T = TypeVar("T")

LONGEST_SECONDS = 30
FAR = 3600.0  # further than any test goes
GONE = -1.0  # a lease of so many seconds has run out
FAST: dict[str, object] = {
    "task_lease_seconds": 1.0,
    "task_poll_seconds": 0.05,
    "task_backoff_seconds": 0.01,
    "task_max_attempts": 3,
    "task_concurrency": 2,
}


def wait_for(what: Callable[[], T]) -> T:
    """What it gives, once that is true."""
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
) -> NewTask:
    """A task to add."""
    return NewTask(str(uuid4()), kind, payload, key, fingerprint, pieces)


def added(repository: TaskRepository, task: NewTask) -> Task:
    """The task, once it was added."""
    (answer,) = repository.add([task])
    assert isinstance(answer, Task), answer
    return answer


def claimed(repository: TaskRepository, owner: str = "one", lease: float = FAR) -> Claim:
    """The claim of a task that was added for it."""
    task = added(repository, new_task())
    (claim,) = repository.claim(owner, lease, 1, str(task.id))
    return claim


def found(repository: TaskRepository, task: Task | Claim) -> Task:
    """The task as the repository has it now."""
    return repository.get(UUID(str(task.id)))


@contextmanager
def started_runner(repository: TaskRepository, settings: Settings) -> Iterator[Runner]:
    """A runner of a fake model, with its commits."""
    with (
        closing(GroupCommit(repository)) as commits,
        closing(Runner(commits, FakeModel(), settings)) as runner,
    ):
        yield runner


def submitted(commits: GroupCommit, task: NewTask) -> Task:
    """The task, once it was added through the commits."""
    return commits.submit_each(commits.repository.add, task).result(LONGEST_SECONDS)


def state_of(commits: GroupCommit, task: Task) -> TaskState:
    """The state of the task now."""
    return commits.wait(commits.repository.get, task.id).state


def wait_for_state(commits: GroupCommit, task: Task, *states: TaskState) -> Task:
    """The task, once it is in one of these states."""
    wait_for(lambda: state_of(commits, task) in states)
    return commits.wait(commits.repository.get, task.id)


def attempt(runner: Runner, task: Task) -> Task:
    """The task after one attempt, in this thread, once it is due."""
    commits = runner.commits
    claim_it = partial(commits.repository.claim, runner.owner, FAR, 1, str(task.id))
    (claim,) = wait_for(lambda: commits.wait(claim_it))
    context = runner.begin(claim)
    runner.settle(claim, runner.run(context))
    runner.end(context)
    return commits.wait(commits.repository.get, task.id)
