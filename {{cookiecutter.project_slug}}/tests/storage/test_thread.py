"""Group commit: many calls in one transaction, each with its own answer."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.storage.calls import Call, Item
from app.storage.connection import Row, StorageUnavailableError
from app.storage.line import LARGEST_GROUP
from app.storage.sqlite import SqliteConnection
from app.storage.thread import Storage
from app.tasks.records import (
    Claim,
    IdempotencyConflictError,
    LeaseLostError,
    NewTask,
    TaskNotFoundError,
)
from app.tasks.schemas import Task
from app.tasks.store import TaskStore
from tests.storage.helpers import SECONDS, storage_of
from tests.tasks.helpers import FAR, KNOWN, LONGEST_SECONDS, new_task, wait_for

pytestmark = pytest.mark.anyio


class Held(SqliteConnection):
    """A connection that counts its commits, fails when it is down, and can wait at a gate."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "NORMAL", SECONDS)
        self.commits = 0
        self.transactions = 0
        self.statements = 0
        self.waits_for_its_turn = False
        self.down = self.fails_at_the_end = self.closed = False
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()

    def execute(self, statement: str, **values: object) -> list[Row]:
        self.statements += 1
        return super().execute(statement, **values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.transactions += 1
        if self.down:
            raise StorageUnavailableError
        if self.waits_for_its_turn:
            self.wait_at_the_gate()
        with super().transaction():
            yield
            if self.fails_at_the_end:
                raise StorageUnavailableError
        self.commits += 1

    def wait_at_the_gate(self) -> None:
        self.entered.release()
        assert self.gate.wait(LONGEST_SECONDS)

    def close(self) -> None:
        super().close()
        self.closed = True


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path / "app.sqlite3")


@pytest.fixture
def storage(held: Held, tmp_path: Path) -> Iterator[Storage]:
    with closing(storage_of(held, tmp_path / "app.sqlite3")) as storage:
        yield storage
        held.gate.set()


@pytest.fixture
def tasks(storage: Storage, held: Held) -> TaskStore:
    store = TaskStore(storage, KNOWN)
    held.commits = held.transactions = 0
    return store


def begin(storage: Storage, call: Call) -> "Future[Any]":
    """Queue a call, as a thread does, and do not wait."""
    future = Future[Any]()
    storage._queue(call, future)
    return future


def begin_add(tasks: TaskStore, new: NewTask) -> "Future[Any]":
    return begin(tasks.storage, Item(TaskStore.add.function.__get__(tasks), new))


@contextmanager
def group(storage: Storage, held: Held, *, reads: bool = False) -> Iterator[ThreadPoolExecutor]:
    """Hold the calls that are made inside, and run them as one group at the end."""
    first = begin(storage, Call(held.wait_at_the_gate, reads=reads))
    assert held.entered.acquire(timeout=LONGEST_SECONDS)
    held.commits = held.transactions = 0
    with ThreadPoolExecutor(80) as threads:
        yield threads
        held.gate.set()
        first.result(LONGEST_SECONDS)


def queued(storage: Storage, count: int) -> None:
    """Return once this many calls that write are waiting."""
    wait_for(lambda: storage._writes._calls.qsize() == count)


def bug() -> None:
    raise ZeroDivisionError("a bug in one call")


def run(storage: Storage, method: Callable[..., Any], *args: object) -> object:
    """Call a function in the storage's thread."""
    return storage.wait_for(Call(partial(method, *args)))


def cancel(tasks: TaskStore, new: NewTask) -> Task:
    return tasks.cancel.sync(UUID(new.id))


def all_tasks(tasks: TaskStore) -> list[Task]:
    return tasks.page.sync(99, None, None, None)


def test_a_call_alone_is_committed_at_once(tasks: TaskStore, held: Held) -> None:
    new = new_task()
    task = tasks.add.sync(new)
    assert tasks.get.sync(UUID(new.id)) == task
    assert (held.transactions, held.commits) == (1, 1)


def test_what_is_called_meanwhile_is_committed_together(tasks: TaskStore, held: Held) -> None:
    with group(tasks.storage, held) as threads:
        news = [new_task() for _ in range(50)]
        added = [begin_add(tasks, new) for new in news]
        cancelled = [threads.submit(cancel, tasks, new) for new in news[:20]]
        queued(tasks.storage, 70)
    assert [str(future.result(LONGEST_SECONDS).id) for future in added] == [n.id for n in news]
    assert all(task.result(LONGEST_SECONDS).cancel_requested for task in cancelled)
    assert held.commits == 2  # one for the call that held them up, and one for them


def test_items_of_one_method_become_one_call(tasks: TaskStore, held: Held) -> None:
    sizes: list[int] = []

    def double(numbers: Sequence[int]) -> list[int]:
        sizes.append(len(numbers))
        return [2 * number for number in numbers]

    with group(tasks.storage, held):
        answers = [begin(tasks.storage, Item(double, number)) for number in range(10)]
    assert [answer.result(LONGEST_SECONDS) for answer in answers] == list(range(0, 20, 2))
    assert sizes == [10]


def test_items_from_threads_and_from_a_loop_become_one_call(tasks: TaskStore, held: Held) -> None:
    """As the store declares it: `add` is called once, with the tasks of all callers."""
    statements: list[str] = []

    def noted(statement: str, **values: object) -> list[Row]:
        statements.append(statement)
        return held.execute(statement, **values)

    tasks._execute = noted
    with group(tasks.storage, held) as threads:
        answers = [threads.submit(tasks.add.sync, new_task()) for _ in range(5)]
        answers.append(threads.submit(in_a_loop, tasks, new_task()))
        queued(tasks.storage, 6)
    assert len({answer.result(LONGEST_SECONDS).id for answer in answers}) == 6
    assert len(statements) == 1


def test_a_group_has_a_limit(tasks: TaskStore, held: Held) -> None:
    with group(tasks.storage, held):
        answers = [begin_add(tasks, new_task()) for _ in range(LARGEST_GROUP + 1)]
    assert all(isinstance(answer.result(LONGEST_SECONDS), Task) for answer in answers)
    assert held.commits == 3


def test_refusals_are_answers_and_break_no_neighbour(tasks: TaskStore, held: Held) -> None:
    tasks.add.sync(new_task(key="k", fingerprint="f"))
    stale = Claim(str(uuid4()), "wait", "{}", 1, "nobody")
    with group(tasks.storage, held) as threads:
        good = begin_add(tasks, new_task())
        refused: list[tuple[type[Exception], Future[Any]]] = [
            (IdempotencyConflictError, begin_add(tasks, new_task(key="k"))),
            (TaskNotFoundError, threads.submit(tasks.cancel.sync, uuid4())),
            (LeaseLostError, threads.submit(tasks.save.sync, stale, 0.5, 0, b"late")),
        ]
        also_good = begin_add(tasks, new_task())
        queued(tasks.storage, 5)
    for error, future in refused:
        with pytest.raises(error):
            future.result(LONGEST_SECONDS)
    for answer in (good, also_good):
        assert isinstance(answer.result(LONGEST_SECONDS), Task)
    assert (held.transactions, held.commits) == (1, 2)


@pytest.mark.parametrize("each", [True, False])
def test_a_bug_in_one_call_does_not_lose_the_others(
    tasks: TaskStore, held: Held, each: bool
) -> None:
    def bug_each(_: Sequence[None]) -> list[None]:
        raise ZeroDivisionError("a bug in one call")

    with group(tasks.storage, held):
        before = [begin_add(tasks, new_task()) for _ in range(3)]
        broken = begin(tasks.storage, Item(bug_each, None) if each else Call(bug))
        after = [begin_add(tasks, new_task()) for _ in range(3)]
    with pytest.raises(ZeroDivisionError):
        broken.result(LONGEST_SECONDS)
    made = [answer.result(LONGEST_SECONDS) for answer in (*before, *after)]
    assert all_tasks(tasks) == made[::-1]


def test_a_bug_in_a_call_alone_is_its_answer(storage: Storage, tasks: TaskStore) -> None:
    with pytest.raises(ZeroDivisionError):
        run(storage, bug)
    assert all_tasks(tasks) == []


def test_nothing_is_kept_of_a_call_that_breaks_off(tasks: TaskStore, held: Held) -> None:
    def add_then_break() -> None:
        TaskStore.add.function(tasks, [new_task(pieces=[b"input"])])
        bug()

    with group(tasks.storage, held):
        broken = begin(tasks.storage, Call(add_then_break))
        added = begin_add(tasks, new_task())
    with pytest.raises(ZeroDivisionError):
        broken.result(LONGEST_SECONDS)
    assert all_tasks(tasks) == [added.result(LONGEST_SECONDS)]


def test_while_the_storage_is_away_all_are_told_and_it_is_asked_few_times(
    tasks: TaskStore, held: Held
) -> None:
    with group(tasks.storage, held):
        adding = [begin_add(tasks, new_task()) for _ in range(40)]
        queued(tasks.storage, 40)
        held.down = True
    for added in adding:
        with pytest.raises(StorageUnavailableError):
            added.result(LONGEST_SECONDS)
    assert held.transactions == 1  # for the whole group, not 41 times
    held.down = False
    assert all_tasks(tasks) == []


@pytest.mark.parametrize("reads", [True, False])
def test_a_call_that_the_storage_refuses_hurts_none_of_its_group(
    tasks: TaskStore, held: Held, reads: bool
) -> None:
    """Such as an upload for which the disk has no room."""
    execute = tasks.connection.execute
    too_large = partial(execute, "SELECT zeroblob(2000000000)")
    with group(tasks.storage, held, reads=reads):
        before, refused, after = [
            begin(tasks.storage, Call(method, reads=reads))
            for method in (partial(execute, "SELECT 1"), too_large, partial(execute, "SELECT 2"))
        ]
    with pytest.raises(StorageUnavailableError) as told:
        refused.result(LONGEST_SECONDS)
    assert isinstance(told.value.__cause__, sqlite3.DataError)
    assert before.result(LONGEST_SECONDS) == [(1,)]
    assert after.result(LONGEST_SECONDS) == [(2,)]


def test_a_commit_that_fails_is_no_success(tasks: TaskStore, held: Held) -> None:
    held.fails_at_the_end = True
    with pytest.raises(StorageUnavailableError):
        tasks.add.sync(new_task())
    with pytest.raises(StorageUnavailableError):
        tasks.claim.sync("one", FAR, 1)
    held.fails_at_the_end = False
    assert all_tasks(tasks) == []


def test_a_method_that_would_wait_for_itself_is_a_bug_and_not_a_standstill(
    tasks: TaskStore,
) -> None:
    for reads in (False, True):
        call = Call(partial(tasks.get.sync, uuid4()), reads=reads)
        with pytest.raises(RuntimeError, match=r"self\.get\.here"):
            tasks.storage.wait_for(call)


# from event loops


async def test_an_event_loop_turns_while_its_calls_wait(tasks: TaskStore, held: Held) -> None:
    blocked = tasks.storage.put(Call(held.wait_at_the_gate))
    adding = [asyncio.ensure_future(tasks.add(new_task())) for _ in range(30)]
    assert await asyncio.to_thread(held.entered.acquire, timeout=LONGEST_SECONDS)
    assert not any(future.done() for future in (blocked, *adding))
    held.gate.set()
    await blocked
    made = await asyncio.gather(*adding)
    assert all_tasks(tasks) == made[::-1]


async def test_refusals_are_raised_in_the_event_loop(tasks: TaskStore) -> None:
    with pytest.raises(TaskNotFoundError):
        await tasks.get(uuid4())
    await tasks.add(new_task(key="k", fingerprint="f"))
    with pytest.raises(IdempotencyConflictError):
        await tasks.add(new_task(key="k", fingerprint="other"))


async def test_a_caller_that_has_gone_disturbs_nobody(tasks: TaskStore, held: Held) -> None:
    gone, stays = new_task(), new_task()
    blocked = tasks.storage.put(Call(held.wait_at_the_gate))
    cancelled = asyncio.ensure_future(tasks.add(gone))
    staying = asyncio.ensure_future(tasks.add(stays))
    assert await asyncio.to_thread(held.entered.acquire, timeout=LONGEST_SECONDS)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    held.gate.set()
    async with asyncio.timeout(LONGEST_SECONDS):
        await blocked
        done = await staying
    assert str(done.id) == stays.id
    assert str(tasks.get.sync(UUID(gone.id)).id) == gone.id  # it was added all the same


def in_a_loop(tasks: TaskStore, new: NewTask) -> Task:
    """Add a task in an event loop of this thread, and return it."""

    async def call() -> Task:
        return await tasks.add(new)

    return asyncio.run(call())


def test_event_loops_and_threads_share_a_commit(tasks: TaskStore, held: Held) -> None:
    with group(tasks.storage, held) as threads:
        answers = [threads.submit(in_a_loop, tasks, new_task()) for _ in range(3)]
        answers += [begin_add(tasks, new_task()) for _ in range(3)]
        queued(tasks.storage, 6)
    assert len({answer.result(LONGEST_SECONDS).id for answer in answers}) == 6
    assert held.commits == 2


async def test_a_ping_reads_and_writes(tasks: TaskStore, held: Held) -> None:
    await tasks.storage.ping()
    assert held.commits == 1
    held.down = True
    with pytest.raises(StorageUnavailableError):
        await tasks.storage.ping()
    held.down = False
    await tasks.storage.ping()
    run(tasks.storage, held.execute, "DROP TABLE storage_pings")
    with pytest.raises(StorageUnavailableError):
        await tasks.storage.ping()


async def test_many_pings_write_once(tasks: TaskStore, held: Held) -> None:
    blocked = tasks.storage.put(Call(held.wait_at_the_gate))
    pings = [asyncio.ensure_future(tasks.storage.ping()) for _ in range(20)]
    await asyncio.sleep(0)
    before = held.statements
    held.gate.set()
    await asyncio.gather(blocked, *pings)
    assert held.statements == before + 2  # one that needs room, and one that writes


# whoever waits


@pytest.fixture
def hasty(tmp_path: Path, held: Held) -> Iterator[TaskStore]:
    """Return a store whose callers wait for a quarter of a second."""
    with closing(storage_of(held, tmp_path / "app.sqlite3", 0.25)) as storage:
        yield TaskStore(storage)
        held.gate.set()


async def test_nobody_waits_longer_than_the_limit_whoever_is_before(
    hasty: TaskStore, held: Held
) -> None:
    """The thread does not come back, so only another one can answer."""
    running = hasty.storage.put(Call(held.wait_at_the_gate))
    waiting = asyncio.ensure_future(hasty.add(new_task()))
    in_a_thread = asyncio.create_task(asyncio.to_thread(hasty.add.sync, new_task()))
    async with asyncio.timeout(LONGEST_SECONDS):
        for late in (running, waiting, in_a_thread):
            with pytest.raises(StorageUnavailableError) as told:
                await late
            assert str(told.value.__cause__) == "no answer within 0.25 s"
        assert await hasty.page(9, None, None, None) == []  # reading never waits for a write
    assert not held.gate.is_set()


async def test_what_a_caller_was_refused_for_waiting_is_not_done_later(
    hasty: TaskStore, held: Held
) -> None:
    blocked = hasty.storage.put(Call(held.wait_at_the_gate))
    assert await asyncio.to_thread(held.entered.acquire, timeout=LONGEST_SECONDS)
    with pytest.raises(StorageUnavailableError):
        await hasty.add(new_task())
    held.gate.set()
    added = await hasty.add(new_task())
    assert await hasty.page(9, None, None, None) == [added]
    with pytest.raises(StorageUnavailableError):
        await blocked


async def test_who_becomes_late_while_the_group_waits_for_its_turn_is_left_out(
    hasty: TaskStore, held: Held
) -> None:
    held.waits_for_its_turn = True
    with pytest.raises(StorageUnavailableError):
        await hasty.add(new_task())
    held.waits_for_its_turn = False
    held.gate.set()
    added = await hasty.add(new_task())
    assert await hasty.page(9, None, None, None) == [added]


RAISED = [StopIteration, StopAsyncIteration, SystemExit, KeyboardInterrupt, GeneratorExit]
RAISED += [asyncio.CancelledError, asyncio.InvalidStateError]


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("error", RAISED)
async def test_whatever_a_call_raises_is_its_callers_and_disturbs_nobody(
    tasks: TaskStore, error: type[BaseException], reads: bool
) -> None:
    """Such as `next(...)` where there is no row, which an asyncio future does not accept."""

    def raises() -> None:
        raise error

    storage, before = tasks.storage, begin_add(tasks, new_task())
    calls = [storage.put(Call(raises, reads=reads)), *(tasks.add(new_task()) for _ in range(3))]
    in_a_thread = begin(storage, Call(raises, reads=reads))
    async with asyncio.timeout(LONGEST_SECONDS):
        broken, *added = await asyncio.gather(*calls, return_exceptions=True)
        also_broken = await asyncio.to_thread(in_a_thread.exception)
        later = await tasks.add(new_task())
    for raised in (broken, also_broken):
        assert isinstance(raised, Exception)
        assert error in (type(raised), type(raised.__cause__))
    assert await tasks.page(9, None, None, None) == [later, *added[::-1], before.result(0)]


def test_closing_does_not_wait_for_a_storage_that_stays_silent(
    hasty: TaskStore, held: Held
) -> None:
    blocked = begin(hasty.storage, Call(held.wait_at_the_gate))
    waiting = begin_add(hasty, new_task())
    hasty.storage.close()
    for late in (blocked, waiting):
        with pytest.raises(StorageUnavailableError):
            late.result(0)
    assert not held.gate.is_set()


# the end


def test_closing_finishes_what_is_queued(tmp_path: Path) -> None:
    held = Held(tmp_path / "app.sqlite3")
    storage = storage_of(held, tmp_path / "app.sqlite3")
    tasks = TaskStore(storage)
    with group(storage, held) as threads:
        answers = [begin_add(tasks, new_task()) for _ in range(LARGEST_GROUP + 9)]
        closing_ = threads.submit(storage.close)
        queued(storage, LARGEST_GROUP + 10)
        assert not closing_.done()
    closing_.result(LONGEST_SECONDS)
    assert all(isinstance(answer.result(0), Task) for answer in answers)
    assert held.closed


async def test_whoever_calls_after_the_end_is_refused_at_once(held: Held, tmp_path: Path) -> None:
    with closing(storage_of(held, tmp_path / "app.sqlite3")) as storage:
        tasks = TaskStore(storage)
    with pytest.raises(StorageUnavailableError):
        tasks.add.sync(new_task())
    with pytest.raises(StorageUnavailableError):
        await tasks.add(new_task())


def test_each_call_has_its_arguments(tasks: TaskStore) -> None:
    tasks.add.sync(new_task())
    (claim,) = tasks.claim.sync("one", lease=FAR, limit=1)
    assert (claim.owner, claim.attempt) == ("one", 1)
