"""Group commit: many calls in one transaction, each with an answer of its own."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.storage.database import StorageUnavailableError
from app.tasks.commits import LARGEST_GROUP, GroupCommit
from app.tasks.repository import (
    Claim,
    IdempotencyConflictError,
    LeaseLostError,
    NewTask,
    TaskNotFoundError,
)
from app.tasks.repository.sqlite import open_sqlite
from app.tasks.schemas import Task
from tests.tasks.helpers import FAR, LONGEST_SECONDS, new_task, wait_for


class Held:
    """A SQLite repository that counts its commits, and waits at a gate when it is told to."""

    def __init__(self, path: Path) -> None:
        self.kept = open_sqlite(path, "NORMAL")
        self.add, self.get, self.claim = self.kept.add, self.kept.get, self.kept.claim
        self.save, self.page, self.ping = self.kept.save, self.kept.page, self.kept.ping
        self.commits = 0
        self.transactions = 0
        self.down = False
        self.closed = False
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.transactions += 1
        if self.down:
            raise StorageUnavailableError
        with self.kept.transaction():
            yield
        self.commits += 1

    def wait_at_the_gate(self) -> None:
        self.entered.release()
        assert self.gate.wait(LONGEST_SECONDS)

    def close(self) -> None:
        self.kept.close()
        self.closed = True


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path / "tasks.sqlite3")


@pytest.fixture
def commits(held: Held) -> Iterator[GroupCommit]:
    with closing(GroupCommit(held)) as commits:  # type: ignore[arg-type]
        yield commits
        held.gate.set()


@contextmanager
def group(commits: GroupCommit, held: Held) -> Iterator[ThreadPoolExecutor]:
    """What is called inside waits, and is one group at the end."""
    with ThreadPoolExecutor(80) as threads:
        first = threads.submit(commits.wait, held.wait_at_the_gate)
        assert held.entered.acquire(timeout=LONGEST_SECONDS)
        held.commits = held.transactions = 0
        yield threads
        held.gate.set()
        first.result(LONGEST_SECONDS)


def queued(commits: GroupCommit, count: int) -> None:
    """Return once so many calls wait."""
    wait_for(lambda: commits._calls.qsize() == count)


def bug() -> None:
    raise ZeroDivisionError("a bug in one call")


def test_a_call_alone_is_committed_at_once(commits: GroupCommit, held: Held) -> None:
    new = new_task()
    task = commits.submit_each(held.add, new).result(LONGEST_SECONDS)
    assert isinstance(task, Task)
    assert commits.wait(held.get, UUID(new.id)) == task
    assert held.commits == 2


def test_what_is_called_meanwhile_is_committed_together(commits: GroupCommit, held: Held) -> None:
    with group(commits, held) as threads:
        news = [new_task() for _ in range(50)]
        added = [commits.submit_each(held.add, new) for new in news]
        pages = [threads.submit(commits.wait, held.page, 99, None, None, None) for _ in range(20)]
        queued(commits, 70)
    tasks = [future.result(LONGEST_SECONDS) for future in added]
    assert [str(task.id) for task in tasks if isinstance(task, Task)] == [n.id for n in news]
    assert all(len(page.result(LONGEST_SECONDS)) == 50 for page in pages)
    assert held.commits == 2  # that of the call that held them up, and theirs


def test_calls_of_a_listing_method_become_one_call(commits: GroupCommit, held: Held) -> None:
    sizes: list[int] = []

    def double(numbers: Sequence[int]) -> list[int]:
        sizes.append(len(numbers))
        return [2 * number for number in numbers]

    with group(commits, held):
        answers = [commits.submit_each(double, number) for number in range(10)]
    assert [answer.result(LONGEST_SECONDS) for answer in answers] == list(range(0, 20, 2))
    assert sizes == [10]


def test_a_group_has_a_limit(commits: GroupCommit, held: Held) -> None:
    with group(commits, held):
        answers = [commits.submit_each(held.add, new_task()) for _ in range(LARGEST_GROUP + 1)]
    assert all(isinstance(answer.result(LONGEST_SECONDS), Task) for answer in answers)
    assert held.commits == 3


def test_refusals_are_answers_and_break_no_neighbour(commits: GroupCommit, held: Held) -> None:
    commits.submit_each(held.add, new_task(key="k", fingerprint="f")).result(LONGEST_SECONDS)
    stale = Claim(str(uuid4()), "wait", "{}", 1, "nobody")
    with group(commits, held) as threads:
        good = commits.submit_each(held.add, new_task())
        refused: list[tuple[type[Exception], Future[object]]] = [
            (IdempotencyConflictError, commits.submit_each(held.add, new_task(key="k"))),
            (TaskNotFoundError, threads.submit(commits.wait, held.get, uuid4())),
            (LeaseLostError, threads.submit(commits.wait, held.save, stale, 0.5, 0, b"late")),
        ]
        also_good = commits.submit_each(held.add, new_task())
        queued(commits, 5)
    for error, future in refused:
        with pytest.raises(error):
            future.result(LONGEST_SECONDS)
    for answer in (good, also_good):
        assert isinstance(answer.result(LONGEST_SECONDS), Task)
    assert (held.transactions, held.commits) == (1, 2)


@pytest.mark.parametrize("each", [True, False])
def test_a_bug_in_one_call_does_not_lose_the_others(
    commits: GroupCommit, held: Held, each: bool
) -> None:
    def bug_each(_: Sequence[None]) -> list[None]:
        raise ZeroDivisionError("a bug in one call")

    with group(commits, held) as threads:
        before = [commits.submit_each(held.add, new_task()) for _ in range(3)]
        broken: Future[None] = (
            commits.submit_each(bug_each, None) if each else threads.submit(commits.wait, bug)
        )
        queued(commits, 4)
        after = [commits.submit_each(held.add, new_task()) for _ in range(3)]
    with pytest.raises(ZeroDivisionError):
        broken.result(LONGEST_SECONDS)
    made = [answer.result(LONGEST_SECONDS) for answer in (*before, *after)]
    assert commits.wait(held.page, 9, None, None, None) == made[::-1]


def test_a_bug_in_a_call_alone_is_its_answer(commits: GroupCommit, held: Held) -> None:
    with pytest.raises(ZeroDivisionError):
        commits.wait(bug)
    commits.wait(held.ping)


def test_nothing_is_kept_of_a_call_that_breaks_off(commits: GroupCommit, held: Held) -> None:
    def add_then_break() -> None:
        held.add([new_task(pieces=[b"input"])])
        bug()

    with group(commits, held) as threads:
        broken = threads.submit(commits.wait, add_then_break)
        added = commits.submit_each(held.add, new_task())
        queued(commits, 2)
    with pytest.raises(ZeroDivisionError):
        broken.result(LONGEST_SECONDS)
    assert commits.wait(held.page, 9, None, None, None) == [added.result(LONGEST_SECONDS)]


def test_while_the_storage_is_away_all_are_told_and_it_is_asked_twice(
    commits: GroupCommit, held: Held
) -> None:
    with group(commits, held) as threads:
        answers: list[Future[object]] = [
            commits.submit_each(held.add, new_task()) for _ in range(40)
        ]
        answers += [threads.submit(commits.wait, held.ping) for _ in range(10)]
        queued(commits, 50)
        held.down = True
    for answer in answers:
        with pytest.raises(StorageUnavailableError):
            answer.result(LONGEST_SECONDS)
    assert held.transactions == 2  # once for the group and once for its first call: not 51 times
    held.down = False
    assert commits.wait(held.page, 9, None, None, None) == []


def test_a_commit_that_fails_is_no_success(
    commits: GroupCommit, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def fails_at_the_end() -> Iterator[None]:
        yield
        raise StorageUnavailableError

    monkeypatch.setattr(held, "transaction", fails_at_the_end)
    with pytest.raises(StorageUnavailableError):
        commits.submit_each(held.add, new_task()).result(LONGEST_SECONDS)
    with pytest.raises(StorageUnavailableError):
        commits.wait(held.ping)


# from event loops


def test_an_event_loop_turns_while_its_calls_wait(commits: GroupCommit, held: Held) -> None:
    async def call_many() -> list[Task]:
        blocked = asyncio.create_task(commits.run(held.wait_at_the_gate))
        adding = [asyncio.create_task(commits.run_each(held.add, new_task())) for _ in range(30)]
        assert await asyncio.to_thread(held.entered.acquire, timeout=LONGEST_SECONDS)
        assert not any(task.done() for task in (blocked, *adding))
        held.gate.set()
        await blocked
        return await asyncio.gather(*adding)

    made = asyncio.run(call_many())
    assert commits.wait(held.page, 99, None, None, None) == made[::-1]


def test_refusals_are_raised_in_the_event_loop(commits: GroupCommit, held: Held) -> None:
    async def call() -> None:
        with pytest.raises(TaskNotFoundError):
            await commits.run(held.get, uuid4())
        await commits.run_each(held.add, new_task(key="k", fingerprint="f"))
        with pytest.raises(IdempotencyConflictError):
            await commits.run_each(held.add, new_task(key="k", fingerprint="other"))

    asyncio.run(call())


def test_a_caller_that_has_gone_disturbs_nobody(commits: GroupCommit, held: Held) -> None:
    gone, stays = new_task(), new_task()

    async def call() -> Task:
        blocked = asyncio.create_task(commits.run(held.wait_at_the_gate))
        cancelled = asyncio.create_task(commits.run_each(held.add, gone))
        staying = asyncio.create_task(commits.run_each(held.add, stays))
        assert await asyncio.to_thread(held.entered.acquire, timeout=LONGEST_SECONDS)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        held.gate.set()
        async with asyncio.timeout(LONGEST_SECONDS):
            await blocked
            return await staying

    assert str(asyncio.run(call()).id) == stays.id
    assert str(commits.wait(held.get, UUID(gone.id)).id) == gone.id  # it was done all the same


def test_event_loops_and_threads_share_a_commit(commits: GroupCommit, held: Held) -> None:
    def in_a_loop(new: NewTask) -> Task:
        async def call() -> Task:
            return await commits.run_each(held.add, new)

        return asyncio.run(call())

    with group(commits, held) as threads:
        answers = [threads.submit(in_a_loop, new_task()) for _ in range(3)]
        answers += [commits.submit_each(held.add, new_task()) for _ in range(3)]
        queued(commits, 6)
    assert len({answer.result(LONGEST_SECONDS).id for answer in answers}) == 6
    assert held.commits == 2


# the end


def test_closing_finishes_what_is_queued(tmp_path: Path) -> None:
    held = Held(tmp_path / "tasks.sqlite3")
    commits = GroupCommit(held)  # type: ignore[arg-type]
    with group(commits, held) as threads:
        answers = [commits.submit_each(held.add, new_task()) for _ in range(LARGEST_GROUP + 9)]
        closing_ = threads.submit(commits.close)
        queued(commits, LARGEST_GROUP + 10)
        assert not closing_.done()
    closing_.result(LONGEST_SECONDS)
    assert all(isinstance(answer.result(0), Task) for answer in answers)
    assert held.closed


def test_each_call_has_its_arguments(commits: GroupCommit, held: Held) -> None:
    commits.submit_each(held.add, new_task()).result(LONGEST_SECONDS)
    (claim,) = commits.wait(held.claim, "one", lease=FAR, limit=1)
    assert (claim.owner, claim.attempt) == ("one", 1)
