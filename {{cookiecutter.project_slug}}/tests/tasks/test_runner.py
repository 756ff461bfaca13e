"""Attempts at tasks: how each one ends, and how its lease is kept until then."""

import json
import threading
import time
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from pydantic import BaseModel, model_validator
from pydantic_core import from_json

from app.errors import AppError, UnavailableError
from app.settings import Settings
from app.storage.connection import StorageUnavailableError
from app.storage.sqlite import SqliteConnection
from app.tasks.engine.context import LARGEST_VALUE, TaskContext
from app.tasks.engine.outcome import LONGEST_TEXT, describe_error
from app.tasks.engine.runner import HANDED_BACK, Runner
from app.tasks.kinds.registry import KINDS, Kind, Kinds
from app.tasks.records import Outcome
from app.tasks.schemas import Task, TaskState
from app.tasks.settings import LONGEST_BACKOFF_SECONDS
from app.tasks.store import TaskStore
from tests.storage.helpers import SECONDS, Direct, storage_of
from tests.tasks.helpers import (
    FAR,
    FAST,
    GONE,
    KNOWN,
    LONGEST_SECONDS,
    Anything,
    Run,
    Tasks,
    attempt,
    found,
    new_task,
    rescue,
    started_runner,
    state_of,
    submitted,
    wait_for,
    wait_for_state,
    with_kind,
)


class NotPossibleError(AppError):
    """This cannot be done, and never will be."""

    status = 422
    title = "Not Possible"


class MayBeAway(SqliteConnection):
    """Answers with an error while it is unavailable."""

    away = False
    refused = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self.away:
            self.refused += 1
            raise StorageUnavailableError
        with super().transaction():
            yield


@pytest.fixture
def fast(settings: Settings) -> Settings:
    return settings.model_copy(update=FAST)


@pytest.fixture
def database(tmp_path: Path) -> MayBeAway:
    return MayBeAway(tmp_path / "app.sqlite3", "NORMAL", SECONDS)


@pytest.fixture
def tasks(database: MayBeAway, tmp_path: Path) -> Iterator[Tasks]:
    with closing(storage_of(database, tmp_path / "app.sqlite3")) as storage:
        yield Direct(TaskStore(storage, KNOWN))


@pytest.fixture
def kinds() -> dict[str, Kind[Any]]:
    return dict(KINDS)


@pytest.fixture
def register(kinds: dict[str, Kind[Any]]) -> Callable[[Run], None]:
    """Return a function that makes its argument the kind `test`."""
    return lambda run: kinds.update(with_kind(run))


@pytest.fixture
def runner(tasks: Tasks, fast: Settings, kinds: Kinds) -> Iterator[Runner]:
    with started_runner(tasks.store, fast, kinds) as runner:
        yield runner


def lease_end(tasks: Tasks, task: Task) -> float:
    """Return when the lease of the task ends, by the database's clock."""
    select = "SELECT lease_ends_at FROM tasks WHERE id = :id"
    end: float = tasks.execute(select, id=str(task.id))[0][0]
    return end


def submit(runner: Runner) -> Task:
    return submitted(runner.store, new_task("test", "{}"))


def problem_of(task: Task) -> tuple[str, str, str]:
    assert task.problem is not None
    return task.problem.type, task.problem.title, task.problem.detail


class Gate:
    """A kind that waits in the middle of its work until it is told to go on."""

    def __init__(self, then: Callable[[TaskContext], object] = TaskContext.check) -> None:
        self.then = then
        self.starts = 0
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()

    def __call__(self, _: BaseModel, task: TaskContext) -> object:
        """Block, like a call into a library that knows nothing of tasks."""
        self.starts += 1
        self.entered.release()
        assert self.opened.wait(LONGEST_SECONDS)
        return self.then(task)

    @contextmanager
    def running(self, runner: Runner, task: Task) -> Iterator[None]:
        """Begin an attempt and hold it at the gate; at the end, wait until it has ended."""
        with ThreadPoolExecutor(1) as thread:
            attempting = thread.submit(attempt, runner, task)
            try:
                assert self.entered.acquire(timeout=LONGEST_SECONDS)
                yield
            finally:
                self.opened.set()
            attempting.result(LONGEST_SECONDS)


# how an attempt ends


def test_what_a_kind_returns_is_the_result(runner: Runner, register: Callable[[Run], None]) -> None:
    register(lambda _, __: {"answer": [1, "ü", None]})
    task = attempt(runner, submit(runner))
    assert (task.state, task.result) == (TaskState.SUCCEEDED, {"answer": [1, "ü", None]})
    assert (task.attempts, task.progress, task.problem) == (1, 1, None)
    assert runner.running == {}


def test_a_domain_error_fails_the_task_for_good(
    runner: Runner, register: Callable[[Run], None]
) -> None:
    def fail(_: BaseModel, __: TaskContext) -> None:
        raise NotPossibleError

    register(fail)
    task = attempt(runner, submit(runner))
    assert (task.state, task.attempts, task.result) == (TaskState.FAILED, 1, None)
    assert problem_of(task) == (
        "urn:problem:NotPossible",
        "Not Possible",
        "This cannot be done, and never will be.",
    )


@pytest.mark.parametrize("error", [ValueError("hush"), UnavailableError(), KeyError("hush")])
def test_any_other_error_is_tried_again_until_the_task_is_dead(
    runner: Runner, register: Callable[[Run], None], error: Exception
) -> None:
    def fail(_: BaseModel, __: TaskContext) -> None:
        raise error

    register(fail)
    task = submit(runner)
    tries = [attempt(runner, task) for _ in range(3)]
    states = [TaskState.QUEUED, TaskState.QUEUED, TaskState.DEAD]
    assert [(one.state, one.attempts) for one in tries] == list(zip(states, (1, 2, 3), strict=True))
    name = type(error).__name__.removesuffix("Error")
    assert {problem_of(one)[0] for one in tries} == {f"urn:problem:{name}"}
    assert [one.finished_at is None for one in tries] == [True, True, False]


class PanicError(BaseException):
    """As a library in Rust raises it: an exception that `except Exception` lets through."""


ENDS = [SystemExit, KeyboardInterrupt, GeneratorExit, CancelledError, PanicError, RecursionError]


@pytest.mark.parametrize("end", ENDS)
def test_whatever_a_kind_raises_ends_its_attempt_and_nothing_else(
    runner: Runner, register: Callable[[Run], None], end: type[BaseException]
) -> None:
    def run(_: BaseModel, __: TaskContext) -> None:
        raise end

    register(run)
    task = attempt(runner, submit(runner))
    assert task.state is TaskState.QUEUED
    assert problem_of(task)[0] == f"urn:problem:{end.__name__.removesuffix('Error')}"
    assert runner.running == {}


class Panics(BaseModel):
    """A payload that nobody can check."""

    @model_validator(mode="before")
    @classmethod
    def panic(cls, _: object) -> object:
        """Raise what no validator should."""
        raise PanicError


class Unanswerable(dict[str, str]):
    """A result that fails when it is looked at."""

    def items(self) -> Any:  # noqa: ANN401
        """Raise what no method should."""
        raise PanicError


def test_a_payload_or_a_result_that_panics_ends_its_attempt(
    runner: Runner, kinds: dict[str, Kind[Any]]
) -> None:
    kinds["test"] = Kind(Panics, lambda _, __: None, {})
    assert problem_of(attempt(runner, submit(runner)))[0] == "urn:problem:Panic"
    kinds["test"] = Kind(Anything, lambda _, __: Unanswerable(a="b"), {})
    assert problem_of(attempt(runner, submit(runner)))[0] == "urn:problem:Panic"


class UnspeakableError(AppError):
    """An error whose message cannot be made."""

    status = 422

    @property
    def detail(self) -> str:
        """Fail."""
        raise next(iter(self.args), ZeroDivisionError())


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (NotPossibleError("half a pair: \ud800"), "half a pair: \\ud800"),
        (NotPossibleError("nothing: \0"), "nothing: \0"),
        (NotPossibleError("x" * 9_999), "x" * LONGEST_TEXT),
        (UnspeakableError(), "The task raised UnspeakableError; the log has more under its id."),
        (UnspeakableError(SystemExit()), "The task raised UnspeakableError; the log has more un"),
    ],
    ids=["surrogate", "nul", "long", "raises", "exits"],
)
def test_whatever_an_error_says_it_can_be_stored_and_answered(
    runner: Runner, register: Callable[[Run], None], error: AppError, detail: str
) -> None:
    def fail(_: BaseModel, __: TaskContext) -> None:
        raise error

    register(fail)
    task = attempt(runner, submit(runner))
    assert (task.state, problem_of(task)[2][: len(detail)]) == (TaskState.FAILED, detail)
    assert task.model_dump_json()


@pytest.mark.parametrize("status", ["404", None, SystemExit])
def test_an_error_whose_status_is_none_is_a_bug_of_the_task(
    runner: Runner,
    register: Callable[[Run], None],
    status: Any,  # noqa: ANN401
) -> None:
    class OddError(AppError):
        pass

    OddError.status = status

    def fail(_: BaseModel, __: TaskContext) -> None:
        raise OddError

    register(fail)
    assert attempt(runner, submit(runner)).state is TaskState.QUEUED
    assert runner.running == {}


def test_an_outage_of_the_storage_costs_a_task_no_attempt(
    runner: Runner, register: Callable[[Run], None]
) -> None:
    """A kind may use the storage itself, as the report does."""

    def fail(_: BaseModel, __: TaskContext) -> None:
        raise StorageUnavailableError

    register(fail)
    task = submit(runner)
    for _ in range(runner._settings.task_max_attempts + 1):
        queued = attempt(runner, task)
        assert queued.state is TaskState.QUEUED
    register(lambda _, __: "done")
    assert attempt(runner, task).state is TaskState.SUCCEEDED


@pytest.mark.parametrize("piece", ["text", 5, [1], {}])
def test_a_piece_that_is_no_bytes_is_a_bug_of_the_task(
    runner: Runner,
    register: Callable[[Run], None],
    piece: Any,  # noqa: ANN401
) -> None:
    def run(_: BaseModel, task: TaskContext) -> None:
        task.save(0.5, piece)

    register(run)
    assert problem_of(attempt(runner, submit(runner)))[0] == "urn:problem:Type"


@pytest.mark.parametrize(
    ("part", "noted"),
    [
        (1.5, 1),
        (-1, 0),
        (float("nan"), 0),
        (np.float32(0.5), 0.5),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 2), 0.5),
    ],
)
def test_progress_stays_between_nothing_and_all(
    runner: Runner,
    register: Callable[[Run], None],
    part: Any,  # noqa: ANN401
    noted: float,
) -> None:
    seen: list[float] = []

    def run(_: BaseModel, task: TaskContext) -> None:
        task.progress(part)
        seen.append(runner.store.get.sync(UUID(task.claim.id)).progress)

    register(run)
    assert attempt(runner, submit(runner)).state is TaskState.SUCCEEDED
    assert seen == [noted]


def test_a_task_that_fails_twice_succeeds_at_the_third_attempt(
    runner: Runner, register: Callable[[Run], None]
) -> None:
    def third_time(_: BaseModel, task: TaskContext) -> int:
        return task.claim.attempt // (task.claim.attempt - 1) // (task.claim.attempt - 2)

    register(third_time)
    task = submit(runner)
    last = [attempt(runner, task) for _ in range(3)][-1]
    assert (last.state, last.attempts, last.result) == (TaskState.SUCCEEDED, 3, 1)
    assert last.problem is None


def cycle() -> list[object]:
    """Return a list that contains itself."""
    circle: list[object] = []
    circle.append(circle)
    return circle


def deep(levels: int) -> list[object]:
    """Return lists within lists."""
    return [deep(levels - 1)] if levels else []


NO_JSON = {
    "set": {1, 2},
    "object": object(),
    "bytes": b"bytes",
    "nan": {"a": [1, float("nan")]},
    "infinity": float("inf"),
    "half a pair": {"a": "\ud800"},
    "half a pair as a key": {"\ud800": 1},
    "tuple as a key": {(1, 2): 3},
    "cycle": cycle(),
    "too deep": deep(300),
    "far too deep": deep(900),
    "too many digits": 10**5_000,
}


@pytest.mark.parametrize("given", NO_JSON.values(), ids=NO_JSON)
def test_a_result_that_is_no_json_fails_the_task(
    runner: Runner, register: Callable[[Run], None], given: object
) -> None:
    register(lambda _, __: given)
    task = attempt(runner, submit(runner))
    assert task.state is TaskState.FAILED
    assert problem_of(task)[0] == "urn:problem:BadResult"


@pytest.mark.parametrize("given", ["\0", "\U0001f600", 10**4_000, {"ü": {}}, deep(100)])
def test_what_json_has_can_be_a_result(
    runner: Runner, register: Callable[[Run], None], given: object
) -> None:
    register(lambda _, __: given)
    task = attempt(runner, submit(runner))
    assert task.result == given
    assert from_json(task.model_dump_json())["result"] == given


def test_a_value_that_no_database_takes_fails_the_task(
    tasks: Tasks, kinds: Kinds, fast: Settings, register: Callable[[Run], None]
) -> None:
    roomy = fast.model_copy(update={"task_result_bytes": 2**30})
    with started_runner(tasks.store, roomy, kinds) as runner:
        register(lambda _, task: task.save(0.5, bytes(LARGEST_VALUE + 1)))
        assert problem_of(attempt(runner, submit(runner)))[0] == "urn:problem:ResultTooLarge"
        register(lambda _, __: "x" * LARGEST_VALUE)
        assert problem_of(attempt(runner, submit(runner)))[0] == "urn:problem:ResultTooLarge"


def test_a_payload_that_is_no_longer_right_does_not_stop_the_runner(runner: Runner) -> None:
    task = attempt(runner, submitted(runner.store, new_task("wait", '{"seconds": "hush"}')))
    assert task.state is TaskState.QUEUED
    assert "hush" not in str(task.problem)


@pytest.mark.parametrize(("size", "state"), [(1_022, "succeeded"), (1_023, "failed")])
def test_a_result_has_a_maximum_size(
    tasks: Tasks,
    kinds: Kinds,
    settings: Settings,
    register: Callable[[Run], None],
    size: int,
    state: str,
) -> None:
    register(lambda _, __: "x" * size)  # as JSON it has two quotes more
    small = settings.model_copy(update=FAST | {"task_result_bytes": 1_024})
    with started_runner(tasks.store, small, kinds) as runner:
        task = attempt(runner, submit(runner))
    assert task.state.value == state
    if state == "failed":
        assert problem_of(task)[0] == "urn:problem:ResultTooLarge"


def test_a_file_has_a_maximum_size_over_all_attempts(
    tasks: Tasks, kinds: Kinds, settings: Settings, register: Callable[[Run], None]
) -> None:
    def save_and_break(_: BaseModel, task: TaskContext) -> None:
        task.save(0.5, b"x" * 600)
        raise OSError

    register(save_and_break)
    small = settings.model_copy(update=FAST | {"task_result_bytes": 1_024})
    with started_runner(tasks.store, small, kinds) as runner:
        task = submit(runner)
        assert attempt(runner, task).state is TaskState.QUEUED
        assert attempt(runner, task).state is TaskState.FAILED


def test_an_error_of_ours_is_explained_in_its_own_words_and_others_by_name_alone() -> None:
    assert describe_error(NotPossibleError()).detail == "This cannot be done, and never will be."
    other = describe_error(FileNotFoundError("/etc/secret-path"))
    assert other.type == "urn:problem:FileNotFound"
    assert "FileNotFoundError" in other.detail
    assert "secret" not in other.model_dump_json()


@pytest.mark.parametrize("attempt", [1, 2, 3, 10, 100])
def test_the_wait_doubles_and_is_less_by_up_to_a_half(runner: Runner, attempt: int) -> None:
    longest = min(0.01 * 2 ** (attempt - 1), LONGEST_BACKOFF_SECONDS)
    shares = [runner._backoff(attempt) / longest for _ in range(1_000)]
    assert 0.5 <= min(shares) < 0.55  # by chance, once in 10^45 times
    assert 0.95 < max(shares) <= 1


def test_the_retries_of_a_crowd_are_spread_out(runner: Runner) -> None:
    assert len({runner._backoff(1) for _ in range(20)}) > 10


def test_a_retry_waits_for_its_time(
    tasks: Tasks, kinds: Kinds, settings: Settings, register: Callable[[Run], None]
) -> None:
    register(lambda _, __: 1 / 0)
    slow = settings.model_copy(update={"task_backoff_seconds": 60})
    with started_runner(tasks.store, slow, kinds) as runner:
        task = attempt(runner, submit(runner))
        claim = runner.store.claim.sync("two", FAR, 1)
    assert (task.state, claim) == (TaskState.QUEUED, [])


# stopped


@pytest.mark.parametrize(
    "then",
    [
        TaskContext.check,
        lambda task: task.sleep(FAR),
        lambda task: task.progress(0.5),
        lambda task: task.save(0.5, b"piece"),
    ],
    ids=["check", "sleep", "progress", "save"],
)
def test_a_cancelled_task_stops_at_its_next_chance(
    runner: Runner, register: Callable[[Run], None], then: Callable[[TaskContext], object]
) -> None:
    gate = Gate(then)
    register(gate)
    task = submit(runner)
    with gate.running(runner, task):
        runner.store.cancel.sync(task.id)
        context = runner.running[str(task.id)]
        wait_for(context._stopping.is_set)  # the heartbeat told it to stop
        assert state_of(runner.store, task) is TaskState.RUNNING
    assert state_of(runner.store, task) is TaskState.CANCELLED


def test_a_cancelled_task_hears_of_it_when_it_saves(
    tasks: Tasks, kinds: Kinds, settings: Settings, register: Callable[[Run], None]
) -> None:
    def cancel_then_save(_: BaseModel, task: TaskContext) -> None:
        task.store.cancel.sync(UUID(task.claim.id))
        task.save(0.5, b"piece")
        raise AssertionError("it went on")

    register(cancel_then_save)
    calm = settings.model_copy(update={"task_lease_seconds": FAR})
    with started_runner(tasks.store, calm, kinds) as runner:
        assert attempt(runner, submit(runner)).state is TaskState.CANCELLED


def test_a_task_that_was_taken_over_stops_and_its_outcome_does_not_count(
    runner: Runner, tasks: Tasks, register: Callable[[Run], None]
) -> None:
    gate = Gate()
    register(gate)
    task = submit(runner)
    with gate.running(runner, task):
        context = runner.running[str(task.id)]

        def taken_over() -> bool:
            TaskStore.renew.function(runner.store, runner.owner, GONE, [str(task.id)])
            TaskStore.doubt.function(runner.store, FAR, GONE)
            return bool(TaskStore.rescue.function(runner.store, 9))

        assert tasks.run(taken_over)  # in one transaction, because the heart beats meanwhile
        (claim,) = wait_for(lambda: runner.store.claim.sync("two", FAR, 1))
        wait_for(context._stopping.is_set)
    now = runner.store.get.sync(task.id)
    assert (now.state, now.attempts) == (TaskState.RUNNING, claim.attempt)


def test_a_task_that_was_taken_over_hears_of_it_when_it_saves(
    tasks: Tasks, kinds: Kinds, settings: Settings, register: Callable[[Run], None]
) -> None:
    def lose_then_save(_: BaseModel, task: TaskContext) -> None:
        task.store.settle.sync((task.claim, Outcome(TaskState.CANCELLED)))
        task.save(0.5, b"piece")
        raise AssertionError("it went on")

    register(lose_then_save)
    calm = settings.model_copy(update={"task_lease_seconds": FAR})
    with started_runner(tasks.store, calm, kinds) as runner:
        task = attempt(runner, submit(runner))
        assert task.state is TaskState.CANCELLED
        assert runner.store.count_pieces.sync(str(task.id), "result") == 0


def test_draining_waits_for_what_ends_in_time(
    runner: Runner, register: Callable[[Run], None]
) -> None:
    gate = Gate()
    register(gate)
    task = submit(runner)
    with ThreadPoolExecutor(1) as thread, gate.running(runner, task):
        draining = thread.submit(runner.drain, time.monotonic() + LONGEST_SECONDS)
        gate.opened.set()
        assert draining.result(LONGEST_SECONDS) == 0
    assert state_of(runner.store, task) is TaskState.SUCCEEDED


def test_what_does_not_end_in_time_is_handed_back_and_not_charged(
    runner: Runner, register: Callable[[Run], None]
) -> None:
    register(lambda _, task: task.sleep(FAR))
    task = submit(runner)
    with ThreadPoolExecutor(1) as thread:
        attempting = thread.submit(attempt, runner, task)
        wait_for(lambda: runner.running)
        assert runner.drain(0) == 0  # it stopped by itself
        last = attempting.result(LONGEST_SECONDS)
    assert (last.state, last.attempts, last.problem) == (TaskState.QUEUED, 0, None)


def test_what_does_not_even_stop_is_handed_back_and_later_has_no_say(
    tasks: Tasks, kinds: Kinds, fast: Settings, register: Callable[[Run], None]
) -> None:
    gate = Gate(lambda _: "too late")
    register(gate)
    with started_runner(tasks.store, fast, kinds, hand_back_seconds=0.05) as runner:
        task = submit(runner)
        with gate.running(runner, task):
            assert runner.drain(0) == 1
            handed_back = runner.store.get.sync(task.id)
    assert (handed_back.state, handed_back.attempts) == (TaskState.QUEUED, 0)
    assert found(tasks, task) == handed_back


def test_a_stop_does_not_wait_for_each_task_while_the_storage_is_away(
    tasks: Tasks, database: MayBeAway, fast: Settings
) -> None:
    tasks.add([new_task() for _ in range(5)])
    calm = fast.model_copy(update={"task_lease_seconds": FAR})
    with started_runner(tasks.store, calm, beat_seconds=FAR, hand_back_seconds=0) as runner:
        for claim in tasks.claim(runner.owner, FAR, 5):
            runner.begin(claim)
        database.away = True
        assert runner.drain(0) == 5
        database.away = False
    assert not runner.running
    assert database.refused == 1


# leases


def test_a_task_that_blocks_for_three_leases_keeps_its_own(
    runner: Runner, tasks: Tasks, register: Callable[[Run], None]
) -> None:
    gate = Gate(lambda _: "done")
    register(gate)
    task = submit(runner)
    with gate.running(runner, task):
        tasks.renew(runner.owner, lease := 1.0, [str(task.id)])
        first = lease_end(tasks, task)
        wait_for(lambda: lease_end(tasks, task) > first + 3 * lease)
        assert rescue(tasks) == []
    last = runner.store.get.sync(task.id)
    assert (last.state, last.attempts, gate.starts) == (TaskState.SUCCEEDED, 1, 1)


def test_without_a_heartbeat_a_lease_runs_out(
    runner: Runner, tasks: Tasks, register: Callable[[Run], None]
) -> None:
    task = submit(runner)
    runner.store.claim.sync("a process that is gone", 0.05, 1)
    rescued = wait_for(lambda: rescue(tasks))
    assert rescued == [(str(task.id), TaskState.QUEUED)]
    register(lambda _, __: "done")
    assert attempt(runner, task).attempts == 2


def test_a_runner_that_is_closed_keeps_no_lease(tasks: Tasks, kinds: Kinds, fast: Settings) -> None:
    with started_runner(tasks.store, fast, kinds) as runner:
        heart = runner._heart
        assert heart.is_alive()
    assert not heart.is_alive()


def test_a_heart_beats_on_whatever_it_meets(
    runner: Runner, tasks: Tasks, register: Callable[[Run], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    panics = [PanicError("once"), PanicError("twice")]

    def panic_at_first() -> None:
        if panics:
            raise panics.pop()
        Runner._renew(runner)

    monkeypatch.setattr(runner, "_renew", panic_at_first)
    gate = Gate(lambda _: "done")
    register(gate)
    task = submit(runner)
    with gate.running(runner, task):
        wait_for(lambda: not panics)
        tasks.renew(runner.owner, 0, [str(task.id)])
        before = lease_end(tasks, task)
        wait_for(lambda: lease_end(tasks, task) > before)


def test_an_attempt_that_was_lost_unnoticed_stops_when_the_next_one_begins(
    runner: Runner, tasks: Tasks, register: Callable[[Run], None]
) -> None:
    register(lambda _, task: task.sleep(FAR))
    task = submit(runner)
    (lost,) = tasks.claim(runner.owner, FAR, 1)
    earlier = runner.begin(lost)
    tasks.settle([(lost, HANDED_BACK)])
    (again,) = wait_for(lambda: tasks.claim(runner.owner, FAR, 1, str(task.id)))
    later = runner.begin(again)
    assert runner.run(earlier) is None
    runner.end(earlier)
    assert runner.running == {str(task.id): later}


def test_each_runner_has_a_name_of_its_own(tasks: Tasks, fast: Settings) -> None:
    names = set()
    for _ in range(3):
        with started_runner(tasks.store, fast) as runner:
            names.add(runner.owner)
    assert len(names) == 3


# while the storage is unavailable


def test_a_task_waits_for_the_storage_and_then_goes_on(
    runner: Runner, tasks: Tasks, database: MayBeAway, register: Callable[[Run], None]
) -> None:
    gate = Gate(lambda task: task.save(0.5, b"piece"))
    register(gate)
    task = submit(runner)
    with gate.running(runner, task):
        database.away = True
        gate.opened.set()
        wait_for(lambda: database.refused)
        database.away = False
    last = wait_for_state(runner.store, task, TaskState.SUCCEEDED)
    assert (last.attempts, last.problem) == (1, None)
    assert tasks.count_pieces(str(task.id), "result") == 1


def test_an_outcome_waits_for_the_storage(
    runner: Runner, database: MayBeAway, register: Callable[[Run], None]
) -> None:
    def go_away(_: BaseModel, __: TaskContext) -> str:
        database.away = True
        return "done"

    register(go_away)
    task = submit(runner)
    with ThreadPoolExecutor(1) as thread:
        attempting = thread.submit(attempt, runner, task)
        wait_for(lambda: database.refused)
        database.away = False
        assert attempting.result(LONGEST_SECONDS).result == "done"


def test_an_outcome_is_given_up_when_the_process_ends(
    runner: Runner, database: MayBeAway, register: Callable[[Run], None]
) -> None:
    register(lambda _, __: "done")
    submit(runner)
    (claim,) = runner.store.claim.sync(runner.owner, FAR, 1)
    database.away = True
    runner.close()
    runner.settle(claim, Outcome(TaskState.SUCCEEDED, result=json.dumps("done")))
    database.away = False


def test_the_heart_beats_on_after_the_storage_has_been_away(
    runner: Runner, tasks: Tasks, database: MayBeAway, register: Callable[[Run], None]
) -> None:
    gate = Gate(lambda _: "done")
    register(gate)
    task = submit(runner)
    with gate.running(runner, task):
        database.away = True
        wait_for(lambda: database.refused)
        database.away = False
        tasks.renew(runner.owner, 0, [str(task.id)])
        before = lease_end(tasks, task)
        wait_for(lambda: lease_end(tasks, task) > before)
    assert state_of(runner.store, task) is TaskState.SUCCEEDED
