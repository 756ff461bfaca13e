"""What every repository of tasks promises: the twin in memory, SQLite, and Postgres."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.tasks.repository import (
    Claim,
    IdempotencyConflictError,
    LeaseLostError,
    Outcome,
    TaskNotFoundError,
    TaskRepository,
)
from app.tasks.repository.memory import MemoryTaskRepository
from app.tasks.repository.sqlite import open_sqlite
from app.tasks.schemas import Task, TaskState
from tests.tasks.helpers import FAR, GONE, added, claimed, found, new_task, wait_for

PROBLEM = '{"type": "urn:problem:Bug", "title": "Bug", "detail": "It broke."}'
SUCCEEDED = Outcome(TaskState.SUCCEEDED, result='{"answer": 42}')
AGAIN = Outcome(TaskState.QUEUED, problem=PROBLEM)
LATER = Outcome(TaskState.QUEUED, problem=PROBLEM, delay=FAR)
HANDED_BACK = Outcome(TaskState.QUEUED, charged=False)
CANCELLED = Outcome(TaskState.CANCELLED)


@contextmanager
def in_memory(_: Path) -> Iterator[TaskRepository]:
    yield MemoryTaskRepository()


@contextmanager
def in_sqlite(folder: Path) -> Iterator[TaskRepository]:
    repository = open_sqlite(folder / "tasks.sqlite3", "NORMAL")
    yield repository
    repository.close()


@pytest.fixture(params=[in_memory, in_sqlite], ids=["memory", "sqlite"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TaskRepository]:
    with request.param(tmp_path) as opened:
        yield opened


def ids(tasks: list[Task] | list[Claim]) -> list[str]:
    return [str(task.id) for task in tasks]


def pieces(repository: TaskRepository, task: Task | Claim, name: str) -> list[bytes | None]:
    """Every piece, and what comes after the last."""
    count = repository.count_pieces(str(task.id), name)
    return [repository.piece(str(task.id), name, number) for number in range(count + 1)]


# added and read


def test_what_is_added_is_found_as_it_was(repository: TaskRepository) -> None:
    new = new_task("wait", '{"seconds": 1}')
    task = added(repository, new)
    assert repository.get(task.id) == task
    assert (str(task.id), task.kind, task.state) == (new.id, "wait", TaskState.QUEUED)
    assert (task.progress, task.attempts, task.cancel_requested) == (0, 0, False)
    assert (task.started_at, task.finished_at) == (None, None)
    assert (task.result, task.problem) == (None, None)


def test_a_task_read_earlier_does_not_change(repository: TaskRepository) -> None:
    before = added(repository, new_task())
    repository.claim("one", FAR, 1)
    assert before.state is TaskState.QUEUED
    assert found(repository, before).state is TaskState.RUNNING


def test_many_are_added_in_their_order(repository: TaskRepository) -> None:
    answers = repository.add(news := [new_task() for _ in range(20)])
    assert [str(task.id) for task in answers if isinstance(task, Task)] == [n.id for n in news]
    assert ids(repository.page(20, None, None, None)) == [n.id for n in news][::-1]


def test_adding_nothing_adds_nothing(repository: TaskRepository) -> None:
    assert repository.add([]) == []


def test_an_unknown_id_is_an_error(repository: TaskRepository) -> None:
    for call in (repository.get, repository.cancel):
        with pytest.raises(TaskNotFoundError):
            call(uuid4())
    with pytest.raises(TaskNotFoundError):
        repository.page(1, uuid4(), None, None)


def test_the_storage_answers(repository: TaskRepository) -> None:
    repository.ping()


def test_the_input_is_found_piece_by_piece(repository: TaskRepository) -> None:
    both = [new_task(pieces=[b"a\n", b"\x00\xff"]), new_task(pieces=[b"other"])]
    one, other = (task for task in repository.add(both) if isinstance(task, Task))
    assert pieces(repository, one, "input") == [b"a\n", b"\x00\xff", None]
    assert pieces(repository, other, "input") == [b"other", None]
    assert pieces(repository, one, "result") == [None]
    assert repository.piece(str(uuid4()), "input", 0) is None
    assert repository.count_pieces(str(uuid4()), "input") == 0


# the same request again


def test_the_same_request_sent_again_gives_the_first_task(repository: TaskRepository) -> None:
    first = added(repository, new_task(key="k", fingerprint="f", pieces=[b"input"]))
    (claim,) = repository.claim("one", FAR, 1)
    again = added(repository, new_task(key="k", fingerprint="f", pieces=[b"input"]))
    assert (again.id, again.state) == (first.id, TaskState.RUNNING)
    assert ids(repository.page(9, None, None, None)) == [claim.id]
    assert pieces(repository, first, "input") == [b"input", None]


def test_the_same_request_twice_in_one_batch_gives_one_task(repository: TaskRepository) -> None:
    batch = [new_task(key="k", fingerprint="f", pieces=[b"input"]) for _ in range(3)]
    answers = repository.add([*batch, other := new_task()])
    assert [str(task.id) for task in answers if isinstance(task, Task)] == [
        *[batch[0].id] * 3,
        other.id,
    ]
    assert len(repository.page(9, None, None, None)) == 2
    assert repository.count_pieces(batch[0].id, "input") == 1
    assert repository.count_pieces(batch[1].id, "input") == 0


def test_a_key_with_another_request_is_refused_and_its_neighbours_are_not(
    repository: TaskRepository,
) -> None:
    first = added(repository, new_task(key="k", fingerprint="f"))
    batch = [new_task(), new_task(key="k", fingerprint="other"), new_task(key="new")]
    before, refused, after = repository.add([*batch])
    assert isinstance(refused, IdempotencyConflictError)
    assert [str(task.id) for task in (before, after) if isinstance(task, Task)] == [
        batch[0].id,
        batch[2].id,
    ]
    assert len(repository.page(9, None, None, None)) == 3
    assert found(repository, first) == first


def test_a_key_is_refused_within_one_batch(repository: TaskRepository) -> None:
    batch = [new_task(key="k", fingerprint="f"), new_task(key="k", fingerprint="other")]
    kept, refused = repository.add(batch)
    assert isinstance(kept, Task)
    assert isinstance(refused, IdempotencyConflictError)


# pages


def test_pages_are_newest_first_and_miss_nothing(repository: TaskRepository) -> None:
    made = [added(repository, new_task()) for _ in range(5)]
    first = repository.page(2, None, None, None)
    added(repository, new_task())  # a newcomer does not move the pages under a reader
    second = repository.page(2, first[-1].id, None, None)
    third = repository.page(2, second[-1].id, None, None)
    assert [*first, *second, *third] == made[::-1]
    assert repository.page(2, third[-1].id, None, None) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_filtered_pages_miss_nothing(repository: TaskRepository, limit: int) -> None:
    made = [added(repository, new_task("wait" if n % 3 else "other")) for n in range(12)]
    for task in made[::2]:
        repository.cancel(task.id)
    wanted = [t for n, t in enumerate(made) if n % 3 and n % 2][::-1]
    read: list[Task] = []
    while page := repository.page(limit, read[-1].id if read else None, TaskState.QUEUED, "wait"):
        read += page
    assert read == wanted
    assert ids(repository.page(50, None, TaskState.CANCELLED, None)) == ids(made[::2][::-1])
    assert ids(repository.page(50, None, None, "other")) == ids(made[::3][::-1])


# claimed


def test_a_claim_starts_an_attempt(repository: TaskRepository) -> None:
    new = new_task("wait", '{"seconds": 1}')
    task = added(repository, new)
    assert repository.claim("one", FAR, 1) == [Claim(new.id, "wait", '{"seconds": 1}', 1, "one")]
    running = found(repository, task)
    assert (running.state, running.attempts) == (TaskState.RUNNING, 1)
    assert running.started_at is not None
    assert repository.claim("two", FAR, 1) == []


def test_the_longest_waiting_are_claimed_first_up_to_the_limit(repository: TaskRepository) -> None:
    made = ids([added(repository, new_task()) for _ in range(5)])
    assert set(ids(repository.claim("one", FAR, 2))) == set(made[:2])
    assert set(ids(repository.claim("two", FAR, 2))) == set(made[2:4])
    assert ids(repository.claim("one", FAR, 2)) == made[4:]
    assert repository.claim("one", FAR, 2) == []


def test_tasks_of_one_batch_are_claimed_in_their_order(repository: TaskRepository) -> None:
    batch = [new_task() for _ in range(5)]
    repository.add(batch)
    assert [repository.claim("one", FAR, 1)[0].id for _ in batch] == [task.id for task in batch]


def test_who_comes_due_first_is_claimed_first(repository: TaskRepository) -> None:
    late, early = claimed(repository), claimed(repository)
    for claim, delay in ((late, 0.05), (early, 0.0)):
        repository.settle([(claim, Outcome(TaskState.QUEUED, delay=delay))])
    due: list[str] = []

    def both_are_due() -> bool:
        due.extend(repository.dispatch(2))
        return len(due) == 2

    wait_for(both_are_due)
    assert [repository.claim("one", FAR, 1)[0].id for _ in due] == [early.id, late.id]


def test_a_certain_task_is_claimed(repository: TaskRepository) -> None:
    made = ids([added(repository, new_task()) for _ in range(3)])
    assert ids(repository.claim("one", FAR, 1, made[1])) == [made[1]]
    assert repository.claim("two", FAR, 1, made[1]) == []
    assert repository.claim("two", FAR, 1, str(uuid4())) == []


def test_what_is_not_due_is_not_claimed(repository: TaskRepository) -> None:
    claim = claimed(repository)
    repository.settle([(claim, LATER)])
    assert repository.claim("one", FAR, 1) == []
    assert repository.claim("one", FAR, 1, claim.id) == []


def test_what_was_not_due_comes_due(repository: TaskRepository) -> None:
    claim = claimed(repository)
    repository.settle([(claim, Outcome(TaskState.QUEUED, delay=0.05))])
    (again,) = wait_for(lambda: repository.claim("one", FAR, 1))
    assert again.attempt == 2


def test_the_first_start_is_kept(repository: TaskRepository) -> None:
    claim = claimed(repository)
    first = found(repository, claim).started_at
    repository.settle([(claim, AGAIN)])
    wait_for(lambda: repository.claim("two", FAR, 1))
    assert found(repository, claim).started_at == first


# leases


def test_an_owner_renews_its_own_leases_alone(repository: TaskRepository) -> None:
    mine, other = claimed(repository, "one", GONE), claimed(repository, "two", GONE)
    assert repository.renew("one", FAR, [mine.id, other.id]) == {mine.id: False}
    assert repository.rescue(9) == [(other.id, TaskState.QUEUED)]


def test_a_renewal_tells_what_shall_stop_and_leaves_out_what_has_ended(
    repository: TaskRepository,
) -> None:
    stays, stops, ended = (claimed(repository) for _ in range(3))
    repository.cancel(UUID(stops.id))
    repository.settle([(ended, SUCCEEDED)])
    ids = [stays.id, stops.id, ended.id]
    assert repository.renew("one", FAR, ids) == {stays.id: False, stops.id: True}
    assert repository.renew("nobody", FAR, ids) == {}


def test_a_claim_that_its_owner_never_heard_of_runs_out(repository: TaskRepository) -> None:
    known, unheard = claimed(repository, "one", GONE), claimed(repository, "one", GONE)
    assert repository.renew("one", FAR, [known.id]) == {known.id: False}
    assert repository.rescue(9) == [(unheard.id, TaskState.QUEUED)]


def test_a_piece_that_is_sent_twice_is_kept_once(repository: TaskRepository) -> None:
    claim = claimed(repository)
    for _ in range(2):
        repository.save(claim, 0.5, 0, b"piece")
    assert pieces(repository, claim, "result") == [b"piece", None]


# progress and result


def test_progress_is_noted_and_pieces_are_added(repository: TaskRepository) -> None:
    claim = claimed(repository)
    assert repository.save(claim, 0.25) == (0, False)
    assert repository.save(claim, 0.5, 0, b"one\n") == (4, False)
    assert repository.save(claim, 0.75, 1, b"") == (4, False)
    assert repository.save(claim, 1, 2, b"\x00\xff") == (6, False)
    assert pieces(repository, claim, "result") == [b"one\n", b"", b"\x00\xff", None]
    assert pieces(repository, claim, "input") == [None]
    assert found(repository, claim).progress == 1


def test_whoever_saves_learns_that_the_task_was_cancelled(repository: TaskRepository) -> None:
    claim = claimed(repository)
    repository.cancel(UUID(claim.id))
    assert repository.save(claim, 0.5, 0, b"piece") == (5, True)


# fencing: each of these takes a running task from the claim's hands


def rescued(repository: TaskRepository, claim: Claim) -> None:
    repository.renew(claim.owner, GONE, [claim.id])
    assert repository.rescue(9) == [(claim.id, TaskState.QUEUED)]


def claimed_by_another(repository: TaskRepository, claim: Claim) -> None:
    rescued(repository, claim)
    wait_for(lambda: repository.claim("two", FAR, 1))


def claimed_again_by_the_same(repository: TaskRepository, claim: Claim) -> None:
    rescued(repository, claim)
    wait_for(lambda: repository.claim(claim.owner, FAR, 1))


def handed_back_and_claimed_by_another(repository: TaskRepository, claim: Claim) -> None:
    repository.settle([(claim, HANDED_BACK)])  # so the other one has the same attempt
    wait_for(lambda: repository.claim("two", FAR, 1))


def settled(repository: TaskRepository, claim: Claim) -> None:
    repository.settle([(claim, SUCCEEDED)])


def expired(repository: TaskRepository, claim: Claim) -> None:
    settled(repository, claim)
    assert repository.expire(GONE) == 1


LOSSES = [
    rescued,
    claimed_by_another,
    claimed_again_by_the_same,
    handed_back_and_claimed_by_another,
    settled,
    expired,
]


@pytest.mark.parametrize("lose", LOSSES)
def test_who_has_lost_a_task_writes_nothing_to_it(
    repository: TaskRepository, lose: Callable[[TaskRepository, Claim], None]
) -> None:
    claim = claimed(repository)
    repository.save(claim, 0.25, 0, b"first")
    lose(repository, claim)
    before = repository.page(9, None, None, None)
    with pytest.raises(LeaseLostError):
        repository.save(claim, 0.9, 0, b"too late")
    for late in (SUCCEEDED, AGAIN, HANDED_BACK, CANCELLED):
        assert repository.settle([(claim, late)]) == [False]
    assert repository.page(9, None, None, None) == before
    assert repository.piece(claim.id, "result", 1) is None


def test_who_has_lost_a_task_renews_nothing_of_it(repository: TaskRepository) -> None:
    claim = claimed(repository)
    claimed_by_another(repository, claim)
    assert repository.renew("one", FAR, [claim.id]) == {}


# ended


def test_success_has_a_result(repository: TaskRepository) -> None:
    claim = claimed(repository)
    assert repository.settle([(claim, SUCCEEDED)]) == [True]
    task = found(repository, claim)
    assert (task.state, task.progress, task.attempts) == (TaskState.SUCCEEDED, 1, 1)
    assert (task.result, task.problem) == ({"answer": 42}, None)
    assert task.finished_at is not None


@pytest.mark.parametrize("result", ["null", "0", "[]", '"ü"', "[1, null]"])
def test_any_json_can_be_a_result(repository: TaskRepository, result: str) -> None:
    claim = claimed(repository)
    repository.settle([(claim, Outcome(TaskState.SUCCEEDED, result=result))])
    shown = {"null": None, "0": 0, "[]": [], '"ü"': "ü", "[1, null]": [1, None]}[result]
    assert found(repository, claim).result == shown


@pytest.mark.parametrize("state", [TaskState.FAILED, TaskState.DEAD])
def test_failure_has_a_problem(repository: TaskRepository, state: TaskState) -> None:
    claim = claimed(repository)
    repository.save(claim, 0.5)
    assert repository.settle([(claim, Outcome(state, problem=PROBLEM))]) == [True]
    task = found(repository, claim)
    assert (task.state, task.progress, task.result) == (state, 0.5, None)
    assert task.problem is not None
    assert task.problem.model_dump_json() == PROBLEM.replace(": ", ":").replace(", ", ",")
    assert task.finished_at is not None
    assert repository.claim("two", FAR, 1) == []


def test_another_attempt_shows_the_last_problem_until_it_succeeds(
    repository: TaskRepository,
) -> None:
    claim = claimed(repository)
    repository.settle([(claim, AGAIN)])
    task = found(repository, claim)
    assert (task.state, task.attempts, task.finished_at) == (TaskState.QUEUED, 1, None)
    assert task.problem is not None
    (again,) = wait_for(lambda: repository.claim("two", FAR, 1))
    repository.settle([(again, HANDED_BACK)])
    assert found(repository, claim).problem == task.problem
    (last,) = wait_for(lambda: repository.claim("two", FAR, 1))
    repository.settle([(last, SUCCEEDED)])
    assert (found(repository, claim).attempts, found(repository, claim).problem) == (2, None)


def test_a_task_that_is_handed_back_is_not_charged(repository: TaskRepository) -> None:
    claim = claimed(repository)
    repository.save(claim, 0.5, 0, b"piece")
    assert repository.settle([(claim, HANDED_BACK)]) == [True]
    task = found(repository, claim)
    assert (task.state, task.attempts, task.progress) == (TaskState.QUEUED, 0, 0.5)
    (again,) = wait_for(lambda: repository.claim("two", FAR, 1))
    assert (again.id, again.attempt) == (claim.id, 1)
    assert pieces(repository, again, "result") == [b"piece", None]


def test_many_end_at_once_and_only_what_is_held_does(repository: TaskRepository) -> None:
    one, lost, other = (claimed(repository) for _ in range(3))
    repository.settle([(lost, CANCELLED)])
    failed = Outcome(TaskState.FAILED, problem=PROBLEM)
    ends = [(one, SUCCEEDED), (lost, SUCCEEDED), (other, failed)]
    assert repository.settle(ends) == [True, False, True]
    states = [found(repository, claim).state for claim in (one, lost, other)]
    assert states == [TaskState.SUCCEEDED, TaskState.CANCELLED, TaskState.FAILED]
    assert repository.settle([]) == []


@pytest.mark.parametrize("last", [SUCCEEDED, HANDED_BACK, AGAIN])
def test_an_earlier_and_the_present_attempt_may_end_at_once(
    repository: TaskRepository, last: Outcome
) -> None:
    earlier = claimed(repository)
    rescued(repository, earlier)
    (present,) = wait_for(lambda: repository.claim("one", FAR, 1))
    failed = Outcome(TaskState.FAILED, problem=PROBLEM)
    assert repository.settle([(earlier, failed), (present, last)])[1] is True
    task = found(repository, present)
    assert (task.state, task.attempts) == (last.state, 1 + last.charged)


# cancelled


def test_a_queued_task_is_cancelled_at_once(repository: TaskRepository) -> None:
    task = repository.cancel(added(repository, new_task()).id)
    assert (task.state, task.cancel_requested) == (TaskState.CANCELLED, True)
    assert task.finished_at is not None
    assert found(repository, task) == task
    assert repository.claim("one", FAR, 1) == []
    assert repository.cancel(task.id) == task


def test_a_running_task_is_asked_to_stop(repository: TaskRepository) -> None:
    claim = claimed(repository)
    task = repository.cancel(UUID(claim.id))
    assert (task.state, task.cancel_requested) == (TaskState.RUNNING, True)
    assert task.finished_at is None
    assert repository.settle([(claim, CANCELLED)]) == [True]
    assert found(repository, claim).state is TaskState.CANCELLED


@pytest.mark.parametrize("outcome", [AGAIN, LATER, HANDED_BACK])
def test_a_task_that_was_cancelled_while_it_ran_is_not_tried_again(
    repository: TaskRepository, outcome: Outcome
) -> None:
    claim = claimed(repository)
    repository.cancel(UUID(claim.id))
    assert repository.settle([(claim, outcome)]) == [True]
    task = found(repository, claim)
    assert task.state is TaskState.CANCELLED
    assert task.finished_at is not None
    assert repository.claim("two", FAR, 1) == []


def test_a_task_that_ends_before_it_hears_of_the_cancel_keeps_its_end(
    repository: TaskRepository,
) -> None:
    claim = claimed(repository)
    repository.cancel(UUID(claim.id))
    repository.settle([(claim, SUCCEEDED)])
    task = found(repository, claim)
    assert (task.state, task.result) == (TaskState.SUCCEEDED, {"answer": 42})


def test_a_task_that_waits_for_another_attempt_is_cancelled_at_once(
    repository: TaskRepository,
) -> None:
    claim = claimed(repository)
    repository.settle([(claim, LATER)])
    assert repository.cancel(UUID(claim.id)).state is TaskState.CANCELLED


@pytest.mark.parametrize("state", [state for state in TaskState if state.final])
def test_an_ended_task_stays_as_it_is(repository: TaskRepository, state: TaskState) -> None:
    claim = claimed(repository)
    repository.settle([(claim, Outcome(state))])
    before = found(repository, claim)
    assert repository.cancel(UUID(claim.id)) == before
    assert before.cancel_requested is False


# taken over


def test_a_task_whose_lease_has_run_out_is_queued_again(repository: TaskRepository) -> None:
    lost, held = claimed(repository, "one", GONE), claimed(repository, "two", FAR)
    repository.save(lost, 0.5, 0, b"piece")
    assert repository.rescue(9) == [(lost.id, TaskState.QUEUED)]
    assert repository.rescue(9) == []
    assert found(repository, held).state is TaskState.RUNNING
    task = found(repository, lost)
    assert (task.attempts, task.progress, task.problem) == (1, 0.5, None)
    (again,) = wait_for(lambda: repository.claim("two", FAR, 1))
    assert (again.id, again.attempt) == (lost.id, 2)
    assert pieces(repository, again, "result") == [b"piece", None]


def test_a_short_lease_runs_out(repository: TaskRepository) -> None:
    claim = claimed(repository, "one", 0.02)
    assert wait_for(lambda: repository.rescue(9)) == [(claim.id, TaskState.QUEUED)]


def test_a_task_that_was_lost_at_every_attempt_is_dead(repository: TaskRepository) -> None:
    claim = claimed(repository, "one", GONE)
    assert repository.rescue(2) == [(claim.id, TaskState.QUEUED)]
    wait_for(lambda: repository.claim("two", GONE, 1))
    assert repository.rescue(2) == [(claim.id, TaskState.DEAD)]
    task = found(repository, claim)
    assert task.problem is not None
    assert task.problem.type == "urn:problem:WorkerLost"
    assert task.finished_at is not None


@pytest.mark.parametrize("max_attempts", [1, 9])
def test_a_lost_task_that_was_cancelled_is_not_tried_again(
    repository: TaskRepository, max_attempts: int
) -> None:
    claim = claimed(repository, "one", GONE)
    repository.cancel(UUID(claim.id))
    assert repository.rescue(max_attempts) == [(claim.id, TaskState.CANCELLED)]
    task = found(repository, claim)
    assert task.finished_at is not None
    assert task.problem is None


# removed


def test_old_ended_tasks_are_removed_with_all_they_had(repository: TaskRepository) -> None:
    old = added(repository, new_task(key="k", fingerprint="f", pieces=[b"input"]))
    (claim,) = repository.claim("one", FAR, 1)
    repository.save(claim, 0.5, 0, b"result")
    repository.settle([(claim, SUCCEEDED)])
    others = [str(added(repository, new_task()).id), claimed(repository).id]
    cancelled = repository.cancel(added(repository, new_task()).id)
    assert repository.expire(FAR) == 0
    assert repository.expire(GONE) == 2
    for gone in (old, cancelled):
        with pytest.raises(TaskNotFoundError):
            repository.get(gone.id)
    assert pieces(repository, old, "input") == pieces(repository, old, "result") == [None]
    assert ids(repository.page(9, None, None, None)) == others[::-1]
    fresh = added(repository, new_task(key="k", fingerprint="other"))
    assert fresh.state is TaskState.QUEUED


# the outbox


def test_each_due_task_is_announced_once(repository: TaskRepository) -> None:
    made = ids([added(repository, new_task()) for _ in range(3)])
    claimed(repository)
    repository.settle([(claimed(repository), LATER)])
    assert set(repository.dispatch(2)) == set(made[:2])
    assert repository.dispatch(2) == made[2:]
    assert repository.dispatch(2) == []


def test_what_could_not_be_announced_goes_back_into_the_outbox(repository: TaskRepository) -> None:
    first, *rest = ids([added(repository, new_task()) for _ in range(3)])
    repository.dispatch(3)
    repository.undispatch([*rest, str(uuid4())])
    assert set(repository.dispatch(3)) == set(rest)
    assert ids(repository.claim("one", FAR, 1, first)) == [first]


@pytest.mark.parametrize("lose", [rescued, lambda r, claim: r.settle([(claim, AGAIN)])])
def test_another_attempt_is_announced_again(
    repository: TaskRepository, lose: Callable[[TaskRepository, Claim], None]
) -> None:
    task = added(repository, new_task())
    assert repository.dispatch(1) == [str(task.id)]
    (claim,) = repository.claim("one", FAR, 1)
    assert repository.dispatch(1) == []
    lose(repository, claim)
    assert wait_for(lambda: repository.dispatch(1)) == [str(task.id)]


def test_what_the_broker_lost_is_announced_again(repository: TaskRepository) -> None:
    made = ids([added(repository, new_task()) for _ in range(3)])
    repository.dispatch(3)
    repository.claim("one", FAR, 1, made[0])
    assert repository.redispatch(GONE, 2) == 0  # the broker has the other two
    assert repository.redispatch(FAR, 0) == 0  # they were announced just now
    assert repository.dispatch(3) == []
    assert repository.redispatch(GONE, 1) == 2
    assert set(repository.dispatch(3)) == set(made[1:])
