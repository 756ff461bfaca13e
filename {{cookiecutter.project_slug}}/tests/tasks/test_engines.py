"""The `background` engine: what it starts, how much at once, and how it stops."""

import asyncio
import math
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.__main__ import check
from app.kit.logs import configure_logs
from app.kit.signals import on_stop_signal
from app.main import create_app
from app.serving.models import Models
from app.settings import Settings
from app.storage.calls import Call, Item
from app.storage.connection import StorageUnavailableError
from app.storage.opening import connector, open_storage
from app.storage.thread import Storage
from app.tasks.engine import background
from app.tasks.engine.context import TaskContext
from app.tasks.engine.runner import Runner
from app.tasks.kinds.registry import KINDS, Kind, Kinds
from app.tasks.opening import open_tasks
from app.tasks.records import Outcome, TaskNotFoundError
from app.tasks.schemas import Task, TaskState
from app.tasks.service import BadPayloadError, QueueFullError, TaskService
from tests.conftest import free_port
from tests.fakes import FakeModel, HeldModel, flower, opens
from tests.storage.helpers import Changed
from tests.tasks.helpers import (
    FAR,
    FAST,
    GONE,
    LONGEST_SECONDS,
    Anything,
    Tasks,
    added,
    new_task,
    opened_tasks,
    rescue,
    wait_for,
    with_kind,
)

pytestmark = pytest.mark.anyio


class Gate:
    """A kind whose tasks wait until the gate is opened; counts them."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.here = self.most = self.starts = 0
        self._lock = threading.Lock()

    def __call__(self, _: BaseModel, task: TaskContext) -> None:
        """Wait at the gate, and stop if the task must stop."""
        with self._lock:
            self.here += 1
            self.starts += 1
            self.most = max(self.most, self.here)
        try:
            while not self.opened.wait(0.01):
                task.check()
        finally:
            with self._lock:
                self.here -= 1


@pytest.fixture
def fast(settings: Settings) -> Settings:
    return settings.model_copy(update=FAST)


@pytest.fixture
def other(database: Path) -> Iterator[Tasks]:
    """Open the same file as another process does."""
    with opened_tasks(database) as tasks:
        yield tasks


NO_MODELS = Models({})


@asynccontextmanager
async def opened(
    settings: Settings, kinds: Kinds = KINDS, model: FakeModel | None = None, **options: float
) -> AsyncIterator[TaskService]:
    """Run the tasks of an app in this event loop."""
    with (
        closing(open_storage(settings)) as storage,
        closing(opens(model or FakeModel(), **options)(settings)) as models,
    ):
        async with open_tasks(settings, storage, models, kinds) as tasks:
            yield tasks


@asynccontextmanager
async def changed(
    settings: Settings, changes: dict[str, Callable[[Call], object]], kinds: Kinds = KINDS
) -> AsyncIterator[TaskService]:
    """Run the tasks of an app in whose storage some methods do something else."""
    with closing(Changed(settings, changes)) as storage:
        async with open_tasks(settings, storage, NO_MODELS, kinds) as tasks:
            yield tasks


async def until(what: Callable[[], object]) -> None:
    """Return once this is true."""
    await asyncio.to_thread(wait_for, what)


def has_ended(tasks: TaskService, task: Task) -> bool:
    with suppress(StorageUnavailableError):  # raised for another call in its group
        return tasks.store.get.sync(task.id).state.final
    return False


async def ended(tasks: TaskService, *submitted: Task) -> list[Task]:
    """Return the tasks once they have all ended."""
    for task in submitted:
        await until(partial(has_ended, tasks, task))
    return [await tasks.get(task.id) for task in submitted]


async def submit(tasks: TaskService, kind: str = "test") -> Task:
    task = await tasks.submit(kind, Anything(), None)
    await tasks.engine.kick()
    return task


# run


async def test_what_is_submitted_runs_to_its_end(fast: Settings) -> None:
    kinds = with_kind(lambda _, __: "done")
    async with opened(fast, kinds) as tasks:
        done = await ended(tasks, *[await submit(tasks) for _ in range(50)])
    assert {(task.state, task.attempts) for task in done} == {(TaskState.SUCCEEDED, 1)}


async def test_without_a_kick_the_next_poll_finds_the_work(fast: Settings, other: Tasks) -> None:
    kinds = with_kind(lambda _, __: "done")
    async with opened(fast, kinds) as tasks:
        task = added(other, new_task("test", "{}"))
        done = (await ended(tasks, task))[0]
    assert done.result == "done"


async def test_a_kick_is_not_left_for_the_next_poll(settings: Settings) -> None:
    kinds = with_kind(lambda _, __: "done")
    lazy = settings.model_copy(update={"task_poll_seconds": FAR})
    async with opened(lazy, kinds) as tasks:
        done = await ended(tasks, *[await submit(tasks) for _ in range(20)])
    assert {task.result for task in done} == {"done"}


@pytest.mark.parametrize("at_once", [1, 3])
async def test_no_more_run_at_once_than_the_setting_says(settings: Settings, at_once: int) -> None:
    gate = Gate()
    kinds = with_kind(gate)
    limited = settings.model_copy(update=FAST | {"task_concurrency": at_once})
    async with opened(limited, kinds) as tasks:
        submitted = [await submit(tasks) for _ in range(10)]
        await until(lambda: gate.here == at_once)
        for _ in range(3):
            await tasks.engine.work()
        running = await tasks.read_page(20, None, TaskState.RUNNING, None)
        assert len(running.items) == at_once
        gate.opened.set()
        done = await ended(tasks, *submitted)
        assert {task.state for task in done} == {TaskState.SUCCEEDED}
    assert (gate.most, gate.starts) == (at_once, 10)


async def test_the_event_loop_turns_while_tasks_block(fast: Settings) -> None:
    loops = threading.Event()
    kinds = with_kind(lambda _, __: loops.wait(LONGEST_SECONDS))
    async with opened(fast, kinds) as tasks:
        task = await submit(tasks)
        await until(lambda: tasks.engine._free == 1)  # type: ignore[attr-defined]
        loops.set()
        done = (await ended(tasks, task))[0]
    assert done.result is True


async def test_retries_come_due(fast: Settings) -> None:
    def at_the_third(_: BaseModel, task: TaskContext) -> str:
        if task.claim.attempt < 3:
            raise OSError
        return "done"

    kinds = with_kind(at_the_third)
    async with opened(fast, kinds) as tasks:
        task = (await ended(tasks, await submit(tasks)))[0]
    assert (task.state, task.attempts, task.result) == (TaskState.SUCCEEDED, 3, "done")


async def test_a_poison_task_ends_dead_and_the_others_go_on(fast: Settings) -> None:
    def poison(_: BaseModel, __: TaskContext) -> None:
        raise MemoryError("hush")

    kinds = with_kind(lambda _, __: "done")
    kinds = {**kinds, "poison": Kind(Anything, poison, {})}
    async with opened(fast, kinds) as tasks:
        poisons = [await submit(tasks, "poison") for _ in range(4)]
        others = [await submit(tasks) for _ in range(10)]
        dead, done = await ended(tasks, *poisons), await ended(tasks, *others)
    assert {(task.state, task.attempts) for task in dead} == {(TaskState.DEAD, 3)}
    assert {task.problem.type for task in dead if task.problem} == {"urn:problem:Memory"}
    assert {task.state for task in done} == {TaskState.SUCCEEDED}


class PanicError(BaseException):
    """As a library in Rust raises it."""


@pytest.mark.parametrize("end", [PanicError, asyncio.CancelledError, KeyboardInterrupt])
async def test_whatever_a_kind_raises_frees_its_place(
    fast: Settings, end: type[BaseException]
) -> None:
    def panic(_: BaseModel, __: TaskContext) -> None:
        raise end

    kinds = {**with_kind(lambda _, __: "done"), "panic": Kind(Anything, panic, {})}
    once = fast.model_copy(update={"task_max_attempts": 1})
    async with opened(once, kinds) as tasks:
        dead = await ended(tasks, *[await submit(tasks, "panic") for _ in range(6)])
        assert {task.state for task in dead} == {TaskState.DEAD}
        assert (await ended(tasks, await submit(tasks)))[0].result == "done"
        await until(lambda: tasks.engine._free == 2)  # type: ignore[attr-defined]


async def test_an_outcome_that_the_store_fails_at_frees_its_place(
    fast: Settings, other: Tasks
) -> None:
    kinds = with_kind(lambda _, __: "done")
    errors: list[BaseException] = [OSError("a bug") for _ in range(3)]
    waiting = [added(other, new_task("test", "{}")) for _ in range(5)]
    async with failing(fast, kinds, "settle_and_claim", errors) as tasks:
        done = await ended(tasks, *waiting)
        await until(lambda: tasks.engine._free == 2)  # type: ignore[attr-defined]
        assert not errors
    assert {task.result for task in done} == {"done"}


async def test_a_model_that_hangs_keeps_no_place_and_ends_its_tasks_by_name(fast: Settings) -> None:
    def ask(_: BaseModel, task: TaskContext) -> None:
        task.models.first.predict([flower()])

    held = HeldModel()
    kinds = {**with_kind(lambda _, __: "done"), "asks": Kind(Anything, ask, {})}
    async with opened(fast, kinds, held, seconds=0.1, patience=0) as tasks:
        hung = [await submit(tasks, "asks") for _ in range(3)]
        others = [await submit(tasks) for _ in range(3)]
        assert {t.state for t in await ended(tasks, *others)} == {TaskState.SUCCEEDED}
        dead = await ended(tasks, *hung)
    held.gate.set()
    assert {(t.state, t.attempts) for t in dead} == {(TaskState.DEAD, 3)}
    assert {t.problem and t.problem.type for t in dead} == {"urn:problem:ModelTimeout"}


async def test_a_suspect_runs_alone_and_the_others_afterwards(fast: Settings, other: Tasks) -> None:
    gate = Gate()
    wide = fast.model_copy(update={"task_concurrency": 4})
    suspects = [added(other, new_task("test", "{}")) for _ in range(2)]
    for _ in range(2):
        other.claim("a process that is gone", GONE, 2)
        for task in suspects:
            other.claim("a process that is gone", GONE, 1, str(task.id))
        rescue(other)
    async with opened(wide, with_kind(gate)) as tasks:
        others = [await submit(tasks) for _ in range(6)]
        await until(lambda: gate.here == 1)
        assert [(await tasks.get(task.id)).attempts for task in others] == [0] * 6
        gate.opened.set()
        done = await ended(tasks, *suspects, *others)
    assert {task.state for task in done} == {TaskState.SUCCEEDED}
    assert [task.attempts for task in done] == [3, 3, *[1] * 6]


async def test_the_others_do_not_wait_for_ever_for_a_suspect(
    fast: Settings, other: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "ALONE_SECONDS", 0.5)  # a minute
    gate = Gate()
    wide = fast.model_copy(update={"task_concurrency": 2})
    suspect, beside = (added(other, new_task("test", "{}")) for _ in range(2))
    for _ in range(2):
        other.claim("a process that is gone", GONE, 2)
        for task in (suspect, beside):
            other.claim("a process that is gone", GONE, 1, str(task.id))
        rescue(other)
    kinds = {**with_kind(gate), "quick": Kind(Anything, lambda _, __: "done", {})}
    async with opened(wide, kinds) as tasks:
        await until(lambda: gate.here == 1)
        others = [await submit(tasks, "quick") for _ in range(3)]
        done = await ended(tasks, *others)
        assert gate.here >= 1
        gate.opened.set()
        done += await ended(tasks, suspect, beside)
    assert {task.state for task in done} == {TaskState.SUCCEEDED}


async def test_a_process_may_accept_tasks_that_others_run(fast: Settings, other: Tasks) -> None:
    accepting = fast.model_copy(update={"task_concurrency": 0})
    kinds = with_kind(lambda _, __: "done")
    suspect = added(other, new_task("test", "{}"))  # which somebody must run alone
    for _ in range(2):
        other.claim("a process that is gone", GONE, 1, str(suspect.id))
        rescue(other)
    async with opened(accepting, kinds) as tasks:
        accepted = [suspect, await submit(tasks)]
        await until(lambda: tasks.engine._suspect)  # type: ignore[attr-defined]
        await tasks.engine.work()
        found = [await tasks.get(task.id) for task in accepted]
        assert {task.state for task in found} == {TaskState.QUEUED}
        async with opened(fast, kinds) as elsewhere:
            done = await ended(elsewhere, *accepted)
    assert {task.state for task in done} == {TaskState.SUCCEEDED}


async def test_what_nobody_here_knows_waits_and_is_mentioned(
    fast: Settings, other: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs()
    kinds = with_kind(lambda _, __: "done")
    strange = [added(other, new_task("from a newer app")) for _ in range(9)]
    newer = added(other, new_task("test", '{"new": 1}', version=2))
    async with opened(fast, kinds) as tasks:
        await ended(tasks, *[await submit(tasks) for _ in range(9)])
        found = [await tasks.get(task.id) for task in (*strange, newer)]
    assert {(task.state, task.attempts) for task in found} == {(TaskState.QUEUED, 0)}
    told = [line for line in capsys.readouterr().err.splitlines() if "task_kind_unknown" in line]
    assert len(told) == 2


# what is accepted


async def test_a_queue_that_is_full_refuses_more_until_there_is_room(
    fast: Settings, other: Tasks
) -> None:
    gate = Gate()
    small = fast.model_copy(update={"task_queue_bytes": 1_024, "task_concurrency": 1})
    async with opened(small, with_kind(gate)) as tasks:
        running = await submit(tasks)
        await until(lambda: gate.here == 1)
        await until(lambda: not other.queued_bytes())
        tasks.engine.queued_bytes = 0
        large = await tasks.submit("test", Anything(), None, [bytes(2_000)])  # nothing else waits
        for _ in range(2):
            with pytest.raises(QueueFullError):
                await submit(tasks)
        await tasks.cancel(large.id)
        tasks.engine._measure_at = 0
        waiting = await submit(tasks)
        gate.opened.set()
        done = await ended(tasks, running, waiting)
    assert {task.state for task in done} == {TaskState.SUCCEEDED}


class Note(BaseModel):
    """A payload that takes anything."""

    what: Any


@pytest.mark.parametrize(
    "what", [float("nan"), {"a": [float("inf")]}, "\ud800", {"\udc00": 1}, object()]
)
async def test_a_payload_that_cannot_be_read_again_is_refused(fast: Settings, what: object) -> None:
    async with opened(fast, {"test": Kind(Note, lambda _, __: None, {})}) as tasks:
        with pytest.raises(BadPayloadError):
            await tasks.submit("test", Note(what=what), None)
        assert (await tasks.read_page(9, None, None, None)).items == []
        task = await tasks.submit("test", Note(what="\0 \U0001f600"), None)
        await tasks.engine.kick()
        assert (await ended(tasks, task))[0].state is TaskState.SUCCEEDED


async def test_a_queued_task_that_was_cancelled_never_starts(fast: Settings) -> None:
    gate = Gate()
    kinds = with_kind(gate)
    async with opened(fast, kinds) as tasks:
        submitted = [await submit(tasks) for _ in range(3)]
        await until(lambda: gate.here == 2)
        await tasks.cancel(submitted[2].id)
        await tasks.cancel(submitted[0].id)
        await ended(tasks, submitted[0])
        gate.opened.set()
        await ended(tasks, *submitted)
    assert gate.starts == 2


# what other processes left behind


async def test_tasks_of_a_process_that_is_gone_are_taken_over_at_the_start(
    settings: Settings, other: Tasks
) -> None:
    kinds = with_kind(lambda _, __: "done")
    task = added(other, new_task("test", "{}"))
    other.claim("a process that is gone", GONE, 1)
    lazy = settings.model_copy(update={"task_poll_seconds": FAR})
    async with opened(lazy, kinds) as tasks:
        done = (await ended(tasks, task))[0]
    assert (done.state, done.attempts) == (TaskState.SUCCEEDED, 2)


async def test_the_sweeper_takes_over_what_is_lost_later(fast: Settings, other: Tasks) -> None:
    kinds = with_kind(lambda _, __: "done")
    task = added(other, new_task("test", "{}"))
    other.claim("another process", FAR, 1)
    async with opened(fast, kinds) as tasks:
        await ended(tasks, await submit(tasks))
        assert (await tasks.get(task.id)).state is TaskState.RUNNING
        other.renew("another process", GONE, [str(task.id)])
        done = (await ended(tasks, task))[0]
    assert done.attempts == 2


async def test_what_runs_here_is_renewed_before_anything_is_taken_over(
    settings: Settings, other: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a suspension or a step of the clock, when the heart has not beaten yet."""
    monkeypatch.setattr(Runner, "_renew", lambda _: None)
    gate = Gate()
    lazy = settings.model_copy(update={"task_poll_seconds": FAR})
    async with opened(lazy, with_kind(gate)) as tasks:
        task = await submit(tasks)
        await until(lambda: gate.here == 1)
        for step in (-FAR, FAR):
            other.execute("UPDATE tasks SET lease_ends_at = lease_ends_at + :step", step=step)
            await tasks.engine.rescue()
            assert other.execute("SELECT silent FROM tasks") == [(0,)]
        gate.opened.set()
        done = (await ended(tasks, task))[0]
    assert (done.state, done.attempts, gate.starts) == (TaskState.SUCCEEDED, 1, 1)


async def test_the_sweeper_removes_what_ended_long_ago(fast: Settings, other: Tasks) -> None:
    old, fresh = (added(other, new_task()) for _ in range(2))
    claims = other.claim("one", FAR, 2)
    other.settle([(claim, Outcome(TaskState.SUCCEEDED)) for claim in claims])
    age = "UPDATE tasks SET finished_at = finished_at - 90000 WHERE id = :id"
    other.execute(age, id=str(old.id))
    async with opened(fast) as tasks:
        await until(lambda: len(other.page(9, None, None, None)) == 1)
        assert (await tasks.get(fresh.id)).state is TaskState.SUCCEEDED


async def test_a_clock_that_is_set_forward_removes_nothing_that_ended_before(
    settings: Settings, other: Tasks
) -> None:
    update = {"task_retention_seconds": 100_000, "task_poll_seconds": FAR}
    task = added(other, new_task())
    other.settle([(claim, Outcome(TaskState.SUCCEEDED)) for claim in other.claim("one", FAR, 1)])
    offsets = [5e8, 5e8 + 200_000, 5e8 + 200_001, 5e8 + 200_001]

    def offset(_: Call) -> float:
        return offsets.pop(0)

    def set_forward() -> None:
        """Set the clock forward, as it looks to the tasks."""
        other.execute("UPDATE tasks SET finished_at = finished_at - 200000")

    async with changed(settings.model_copy(update=update), {"clock_offset": offset}) as tasks:
        await until(lambda: len(offsets) == 3)
        set_forward()
        for _ in range(2):
            await tasks.engine.expire()
        assert (await tasks.get(task.id)).state is TaskState.SUCCEEDED
        tasks.engine._set_forward_at = -math.inf  # once it has been kept for as long as it must
        await tasks.engine.expire()
        with pytest.raises(TaskNotFoundError):
            await tasks.get(task.id)


# the end


async def test_a_stop_waits_for_what_runs_and_takes_up_nothing_more(
    settings: Settings, other: Tasks
) -> None:
    gate = Gate()
    kinds = with_kind(gate)
    patient = settings.model_copy(update=FAST | {"shutdown_seconds": LONGEST_SECONDS})
    async with opened(patient, kinds) as tasks:
        submitted = [await submit(tasks) for _ in range(5)]
        await until(lambda: gate.here == 2)
        tasks.engine.begin_stop()
        gate.opened.set()
    states = [other.get(task.id).state for task in submitted]
    assert states == [*[TaskState.SUCCEEDED] * 2, *[TaskState.QUEUED] * 3]
    assert gate.starts == 2


async def test_a_stop_hands_back_what_does_not_end_in_time_and_it_is_not_charged(
    fast: Settings, other: Tasks
) -> None:
    gate = Gate()
    kinds = with_kind(gate)
    async with opened(fast, kinds) as tasks:
        submitted = [await submit(tasks) for _ in range(3)]
        await until(lambda: gate.here == 2)
    handed_back = [other.get(task.id) for task in submitted]
    assert {(t.state, t.attempts) for t in handed_back} == {(TaskState.QUEUED, 0)}
    gate.opened.set()
    assert {claim.attempt for claim in other.claim("two", FAR, 3)} == {1}


async def test_a_stop_does_not_wait_for_a_task_that_never_comes_back(
    fast: Settings, other: Tasks
) -> None:
    come_back = threading.Event()
    left = threading.Event()

    def never(_: BaseModel, __: TaskContext) -> str:
        left.set()
        come_back.wait(60)
        return "too late"

    kinds = with_kind(never)
    async with opened(fast, kinds) as tasks:
        task = await submit(tasks)
        await until(left.is_set)
    handed_back: Task = other.get(task.id)
    come_back.set()
    await until(lambda: "task" not in {t.name for t in threading.enumerate()})
    assert (handed_back.state, handed_back.attempts) == (TaskState.QUEUED, 0)
    assert other.get(handed_back.id) == handed_back


async def test_the_check_before_the_start_claims_nothing(fast: Settings, other: Tasks) -> None:
    task = added(other, new_task())
    await check(fast.model_copy(update={"port": free_port()}), create_app(fast))
    assert other.get(task.id) == task


# while the storage is unavailable


@asynccontextmanager
async def failing(
    settings: Settings, kinds: Kinds, method: str, errors: list[BaseException]
) -> AsyncIterator[TaskService]:
    """Run the tasks of an app in whose storage the first calls of a method raise these errors."""

    def fail_first(call: Call) -> object:
        if errors:
            raise errors.pop()
        if isinstance(call, Item):
            return call.method([call.item])[0]
        return call.method()

    async with changed(settings, {method: fail_first}, kinds) as tasks:
        yield tasks


@pytest.mark.parametrize("method", ["expire", "doubt", "rescue", "queued_bytes", "claim"])
async def test_the_engine_goes_on_after_the_storage_has_been_away(
    fast: Settings, other: Tasks, method: str
) -> None:
    kinds = with_kind(lambda _, __: "done")
    waiting = added(other, new_task("test", "{}"))
    errors: list[BaseException] = [OSError("a bug"), StorageUnavailableError()]
    if method == "queued_bytes":  # looked at less often
        errors.pop()
    async with failing(fast, kinds, method, errors) as tasks:
        done = (await ended(tasks, waiting))[0]
        await until(lambda: not errors)
    assert done.result == "done"


@pytest.mark.parametrize("step", ["expire", "rescue", "queued_bytes"])
async def test_a_step_that_always_fails_keeps_no_other_from_being_done(
    fast: Settings, other: Tasks, step: str
) -> None:
    old, lost = (added(other, new_task("test", "{}")) for _ in range(2))
    other.settle([(claim, Outcome(TaskState.SUCCEEDED)) for claim in other.claim("one", FAR, 1)])
    other.execute("UPDATE tasks SET finished_at = 1 WHERE id = :id", id=str(old.id))
    other.claim("a process that is gone", GONE, 1)
    errors: list[BaseException] = [StorageUnavailableError() for _ in range(9_999)]
    async with failing(fast, with_kind(lambda _, __: "done"), step, errors) as tasks:
        fresh = await submit(tasks)
        await ended(tasks, *[fresh] if step == "rescue" else [fresh, lost])
        if step != "expire":
            await until(lambda: old.id not in {t.id for t in other.page(9, None, None, None)})


async def test_a_claim_that_fails_costs_no_place(fast: Settings, other: Tasks) -> None:
    kinds = with_kind(lambda _, __: "done")
    errors: list[BaseException] = [StorageUnavailableError() for _ in range(4)]
    waiting = [added(other, new_task("test", "{}")) for _ in range(20)]
    async with failing(fast, kinds, "settle_and_claim", errors) as tasks:
        done = await ended(tasks, *waiting)
        await until(lambda: tasks.engine._free == 2)  # type: ignore[attr-defined]
        assert not errors
    assert {task.result for task in done} == {"done"}


class LateClaim(Storage):
    """A storage that commits the first claim by this method, but says that it failed."""

    def __init__(self, settings: Settings, method: str) -> None:
        self.method, self.late = method, False
        super().__init__(connector(settings), settings.storage_seconds)

    def put(self, call: Call) -> "asyncio.Future[Any]":
        """Queue a call from an event loop."""
        return asyncio.ensure_future(self._await(super().put(call), call))

    async def _await(self, answer: "asyncio.Future[Any]", call: Call) -> object:
        return self._pass_on(await answer, call)

    def wait_for(self, call: Call) -> object:
        """Wait for a call in a thread."""
        return self._pass_on(super().wait_for(call), call)

    def _pass_on(self, value: object, call: Call) -> object:
        method: Any = call.method
        if value and not self.late and getattr(method, "func", method).__name__ == self.method:
            self.late = True
            raise StorageUnavailableError
        return value


@pytest.mark.parametrize("method", ["claim", "settle_and_claim"])
async def test_a_claim_that_came_late_is_not_charged_and_its_task_runs_soon(
    settings: Settings, other: Tasks, method: str
) -> None:
    update = {"task_max_attempts": 1, "task_poll_seconds": 0.05, "task_concurrency": 1}
    lazy = settings.model_copy(update=update)  # the lease is longer than the test
    waiting = [added(other, new_task("test", "{}")) for _ in range(3)]
    kinds = with_kind(lambda _, __: "done")
    with closing(LateClaim(lazy, method)) as storage:
        async with open_tasks(lazy, storage, NO_MODELS, kinds) as tasks:
            async with asyncio.timeout(lazy.task_lease_seconds - 5):
                done = await ended(tasks, *waiting)
    assert storage.late
    assert {task.result for task in done} == {"done"}


async def test_a_claim_that_came_late_is_undone_when_the_process_ends(
    settings: Settings, other: Tasks
) -> None:
    task = added(other, new_task("test", "{}"))
    with closing(LateClaim(settings, "claim")) as storage:
        async with open_tasks(settings, storage, NO_MODELS, with_kind(lambda _, __: "done")):
            await until(lambda: storage.late)
    assert other.get(task.id).state is TaskState.QUEUED


# signals


async def test_a_stop_signal_reaches_the_engine_and_then_the_server() -> None:
    heard: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("server"))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with on_stop_signal(lambda: heard.append("engine"), FAR):
            signal.raise_signal(signal.SIGTERM)
            await until(lambda: len(heard) == 2)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert set(heard) == {"engine", "server"}
