"""What the store of tasks promises: on SQLite here, and on Postgres in the file beside this."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.tasks.kinds.registry import Kind, known_versions
from app.tasks.kinds.wait import Wait, wait
from app.tasks.records import (
    Claim,
    IdempotencyConflictError,
    LeaseLostError,
    Outcome,
    TaskNotFoundError,
)
from app.tasks.schemas import Task, TaskPage, TaskState
from app.tasks.store import TaskStore
from app.tasks.upkeep import EXPIRED_BYTES
from tests.tasks.helpers import (
    FAR,
    GONE,
    Tasks,
    added,
    claimed,
    found,
    new_task,
    opened_tasks,
    rescue,
    wait_for,
)

PROBLEM = '{"type": "urn:problem:Bug", "title": "Bug", "detail": "It broke."}'
SUCCEEDED = Outcome(TaskState.SUCCEEDED, result='{"answer": 42}')
AGAIN = Outcome(TaskState.QUEUED, problem=PROBLEM)
LATER = Outcome(TaskState.QUEUED, problem=PROBLEM, delay=FAR)
HANDED_BACK = Outcome(TaskState.QUEUED, charged=False)
CANCELLED = Outcome(TaskState.CANCELLED)


@pytest.fixture
def tasks(tmp_path: Path) -> Iterator[Tasks]:
    with opened_tasks(tmp_path / "app.sqlite3") as tasks:
        yield tasks


def ids(of: list[Task] | list[Claim]) -> list[str]:
    return [str(one.id) for one in of]


def pieces(tasks: Tasks, task: Task | Claim, name: str) -> list[bytes | None]:
    """Return every piece, and what follows the last one."""
    count = tasks.count_pieces(str(task.id), name)
    return [tasks.piece(str(task.id), name, number) for number in range(count + 1)]


# added and read


def test_what_is_added_is_found_as_it_was(tasks: Tasks) -> None:
    new = new_task("wait", '{"seconds": 1}')
    task = added(tasks, new)
    assert tasks.get(task.id) == task
    assert (str(task.id), task.kind, task.state) == (new.id, "wait", TaskState.QUEUED)
    assert (task.progress, task.attempts, task.cancel_requested) == (0, 0, False)
    assert (task.started_at, task.finished_at) == (None, None)
    assert (task.result, task.problem) == (None, None)


def test_a_task_read_earlier_does_not_change(tasks: Tasks) -> None:
    before = added(tasks, new_task())
    tasks.claim("one", FAR, 1)
    assert before.state is TaskState.QUEUED
    assert found(tasks, before).state is TaskState.RUNNING


def test_many_are_added_in_their_order(tasks: Tasks) -> None:
    answers = tasks.add(news := [new_task() for _ in range(20)])
    assert [str(task.id) for task in answers if isinstance(task, Task)] == [n.id for n in news]
    assert ids(tasks.page(20, None, None, None)) == [n.id for n in news][::-1]


def test_adding_nothing_adds_nothing(tasks: Tasks) -> None:
    assert tasks.add([]) == []


def test_an_unknown_id_is_an_error(tasks: Tasks) -> None:
    for call in (tasks.get, tasks.cancel):
        with pytest.raises(TaskNotFoundError):
            call(uuid4())
    with pytest.raises(TaskNotFoundError):
        tasks.page(1, uuid4(), None, None)


def test_the_input_is_found_piece_by_piece(tasks: Tasks) -> None:
    both = [new_task(pieces=[b"a\n", b"\x00\xff"]), new_task(pieces=[b"other"])]
    one, other = (task for task in tasks.add(both) if isinstance(task, Task))
    assert pieces(tasks, one, "input") == [b"a\n", b"\x00\xff", None]
    assert pieces(tasks, other, "input") == [b"other", None]
    assert pieces(tasks, one, "result") == [None]
    assert tasks.piece(str(uuid4()), "input", 0) is None
    assert tasks.count_pieces(str(uuid4()), "input") == 0


# the same request again


def test_the_same_request_sent_again_gives_the_first_task(tasks: Tasks) -> None:
    first = added(tasks, new_task(key="k", fingerprint="f", pieces=[b"input"]))
    (claim,) = tasks.claim("one", FAR, 1)
    again = added(tasks, new_task(key="k", fingerprint="f", pieces=[b"input"]))
    assert (again.id, again.state) == (first.id, TaskState.RUNNING)
    assert ids(tasks.page(9, None, None, None)) == [claim.id]
    assert pieces(tasks, first, "input") == [b"input", None]


def test_the_same_request_twice_in_one_batch_gives_one_task(tasks: Tasks) -> None:
    batch = [new_task(key="k", fingerprint="f", pieces=[b"input"]) for _ in range(3)]
    answers = tasks.add([*batch, other := new_task()])
    assert [str(task.id) for task in answers if isinstance(task, Task)] == [
        *[batch[0].id] * 3,
        other.id,
    ]
    assert len(tasks.page(9, None, None, None)) == 2
    assert tasks.count_pieces(batch[0].id, "input") == 1
    assert tasks.count_pieces(batch[1].id, "input") == 0


def test_a_key_with_another_request_is_refused_and_its_neighbours_are_not(
    tasks: Tasks,
) -> None:
    first = added(tasks, new_task(key="k", fingerprint="f"))
    batch = [new_task(), new_task(key="k", fingerprint="other"), new_task(key="new")]
    before, refused, after = tasks.add([*batch])
    assert isinstance(refused, IdempotencyConflictError)
    assert [str(task.id) for task in (before, after) if isinstance(task, Task)] == [
        batch[0].id,
        batch[2].id,
    ]
    assert len(tasks.page(9, None, None, None)) == 3
    assert found(tasks, first) == first


def test_a_key_is_refused_within_one_batch(tasks: Tasks) -> None:
    batch = [new_task(key="k", fingerprint="f"), new_task(key="k", fingerprint="other")]
    kept, refused = tasks.add(batch)
    assert isinstance(kept, Task)
    assert isinstance(refused, IdempotencyConflictError)


# pages


def test_pages_are_newest_first_and_miss_nothing(tasks: Tasks) -> None:
    made = [added(tasks, new_task()) for _ in range(5)]
    first = tasks.page(2, None, None, None)
    added(tasks, new_task())  # a new one does not shift the pages of someone who is reading
    second = tasks.page(2, first[-1].id, None, None)
    third = tasks.page(2, second[-1].id, None, None)
    assert [*first, *second, *third] == made[::-1]
    assert tasks.page(2, third[-1].id, None, None) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_filtered_pages_miss_nothing(tasks: Tasks, limit: int) -> None:
    made = [added(tasks, new_task("wait" if n % 3 else "other")) for n in range(12)]
    for task in made[::2]:
        tasks.cancel(task.id)
    wanted = [t for n, t in enumerate(made) if n % 3 and n % 2][::-1]
    read: list[Task] = []
    while page := tasks.page(limit, read[-1].id if read else None, TaskState.QUEUED, "wait"):
        read += page
    assert read == wanted
    assert ids(tasks.page(50, None, TaskState.CANCELLED, None)) == ids(made[::2][::-1])
    assert ids(tasks.page(50, None, None, "other")) == ids(made[::3][::-1])


# claimed


def test_a_claim_starts_an_attempt(tasks: Tasks) -> None:
    new = new_task("wait", '{"seconds": 1}')
    task = added(tasks, new)
    assert tasks.claim("one", FAR, 1) == [Claim(new.id, "wait", '{"seconds": 1}', 1, "one")]
    running = found(tasks, task)
    assert (running.state, running.attempts) == (TaskState.RUNNING, 1)
    assert running.started_at is not None
    assert tasks.claim("two", FAR, 1) == []


def test_the_longest_waiting_are_claimed_first_up_to_the_limit(tasks: Tasks) -> None:
    made = ids([added(tasks, new_task()) for _ in range(5)])
    assert set(ids(tasks.claim("one", FAR, 2))) == set(made[:2])
    assert set(ids(tasks.claim("two", FAR, 2))) == set(made[2:4])
    assert ids(tasks.claim("one", FAR, 2)) == made[4:]
    assert tasks.claim("one", FAR, 2) == []


def test_tasks_of_one_batch_are_claimed_in_their_order(tasks: Tasks) -> None:
    batch = [new_task() for _ in range(5)]
    tasks.add(batch)
    assert [tasks.claim("one", FAR, 1)[0].id for _ in batch] == [task.id for task in batch]


def test_what_comes_due_first_is_claimed_first(tasks: Tasks) -> None:
    late, early = claimed(tasks), claimed(tasks)
    for claim, delay in ((late, 0.5), (early, 0.0)):
        tasks.settle([(claim, Outcome(TaskState.QUEUED, delay=delay))])
    due: list[str] = []

    def both_are_due() -> bool:
        due.extend(tasks.dispatch(2))
        return len(due) == 2

    wait_for(both_are_due)
    assert [tasks.claim("one", FAR, 1)[0].id for _ in due] == [early.id, late.id]


def test_a_particular_task_is_claimed(tasks: Tasks) -> None:
    made = ids([added(tasks, new_task()) for _ in range(3)])
    assert ids(tasks.claim("one", FAR, 1, made[1])) == [made[1]]
    assert tasks.claim("two", FAR, 1, made[1]) == []
    assert tasks.claim("two", FAR, 1, str(uuid4())) == []


def test_what_is_not_due_is_not_claimed(tasks: Tasks) -> None:
    claim = claimed(tasks)
    tasks.settle([(claim, LATER)])
    assert tasks.claim("one", FAR, 1) == []
    assert tasks.claim("one", FAR, 1, claim.id) == []


def test_what_was_not_due_comes_due(tasks: Tasks) -> None:
    claim = claimed(tasks)
    tasks.settle([(claim, Outcome(TaskState.QUEUED, delay=0.05))])
    (again,) = wait_for(lambda: tasks.claim("one", FAR, 1))
    assert again.attempt == 2


def test_the_first_start_is_kept(tasks: Tasks) -> None:
    claim = claimed(tasks)
    first = found(tasks, claim).started_at
    tasks.settle([(claim, AGAIN)])
    wait_for(lambda: tasks.claim("two", FAR, 1))
    assert found(tasks, claim).started_at == first


# claimed only by those who know it


def test_a_kind_or_a_version_that_is_not_known_stays_queued(tasks: Tasks) -> None:
    newer, strange = new_task("wait", "{}", version=2), new_task("from a newer app")
    added(tasks, newer)
    added(tasks, strange)
    known = added(tasks, new_task())
    assert ids(tasks.claim("one", FAR, 9)) == [str(known.id)]
    for task in (newer, strange):
        assert tasks.claim("one", FAR, 1, task.id) == []
    assert sorted(tasks.unknown()) == [("from a newer app", 1, 1), ("wait", 2, 1)]


def test_who_knows_a_version_knows_those_before_it(tasks: Tasks) -> None:
    kinds = {"wait": Kind(Wait, wait, {}, version=3)}
    tasks.store._known = TaskStore(tasks.storage, known_versions(kinds))._known
    made = [added(tasks, new_task(version=version)) for version in (3, 1, 4, 2)]
    assert set(ids(tasks.claim("one", FAR, 9))) == {str(made[n].id) for n in (0, 1, 3)}


def test_what_nobody_here_knows_is_announced_all_the_same(tasks: Tasks) -> None:
    task = added(tasks, new_task("from a newer app"))
    assert tasks.dispatch(9) == [str(task.id)]


# leases


def test_an_owner_renews_only_its_own_leases(tasks: Tasks) -> None:
    mine, other = claimed(tasks, "one", GONE), claimed(tasks, "two", GONE)
    assert tasks.renew("one", FAR, [mine.id, other.id]) == {mine.id: False}
    assert rescue(tasks) == [(other.id, TaskState.QUEUED)]


def test_a_renewal_says_what_must_stop_and_leaves_out_what_has_ended(
    tasks: Tasks,
) -> None:
    stays, stops, ended = (claimed(tasks) for _ in range(3))
    tasks.cancel(UUID(stops.id))
    tasks.settle([(ended, SUCCEEDED)])
    ids = [stays.id, stops.id, ended.id]
    assert tasks.renew("one", FAR, ids) == {stays.id: False, stops.id: True}
    assert tasks.renew("nobody", FAR, ids) == {}


def test_a_claim_that_its_owner_never_heard_of_runs_out(tasks: Tasks) -> None:
    known, unheard = claimed(tasks, "one", GONE), claimed(tasks, "one", GONE)
    assert tasks.renew("one", FAR, [known.id]) == {known.id: False}
    assert rescue(tasks) == [(unheard.id, TaskState.QUEUED)]


def test_a_claim_that_its_owner_never_heard_of_can_be_undone_and_is_not_charged(
    tasks: Tasks,
) -> None:
    unheard, cancelled, runs = (claimed(tasks, "one", 30) for _ in range(3))
    others = claimed(tasks, "two", 30)
    tasks.cancel(UUID(cancelled.id))
    assert tasks.unclaim("one", 30, 9, [runs.id]) == []  # it may hear of it yet
    assert set(tasks.unclaim("one", 30, 0, [runs.id])) == {unheard.id, cancelled.id}
    states = [found(tasks, claim).state for claim in (unheard, cancelled, runs, others)]
    assert states == ["queued", "cancelled", "running", "running"]
    (again,) = tasks.claim("one", GONE, 1)
    assert (again.id, again.charged) == (unheard.id, 1)
    assert again.attempt > unheard.attempt  # so what was claimed before has no say


def test_a_piece_that_is_sent_twice_is_kept_once(tasks: Tasks) -> None:
    claim = claimed(tasks)
    for _ in range(2):
        assert tasks.save(claim, 0.5, 0, b"piece") == (5, False)
    assert pieces(tasks, claim, "result") == [b"piece", None]


# progress and result


def test_progress_is_noted_and_pieces_are_added(tasks: Tasks) -> None:
    claim = claimed(tasks)
    assert tasks.save(claim, 0.25) == (0, False)
    assert tasks.save(claim, 0.5, 0, b"one\n") == (4, False)
    assert tasks.save(claim, 0.75, 1, b"") == (4, False)
    assert tasks.save(claim, 1, 2, b"\x00\xff") == (6, False)
    assert pieces(tasks, claim, "result") == [b"one\n", b"", b"\x00\xff", None]
    assert pieces(tasks, claim, "input") == [None]
    assert found(tasks, claim).progress == 1


def test_a_result_of_another_origin_begins_again(tasks: Tasks) -> None:
    claim = claimed(tasks)
    assert tasks.resume(claim, b"a") == 0
    tasks.save(claim, 0.5, 0, b"12345")
    assert tasks.resume(claim, b"a") == 1
    assert tasks.resume(claim, b"b") == 0
    assert pieces(tasks, claim, "result") == [None]
    assert found(tasks, claim).progress == 0
    assert tasks.save(claim, 0.5, 0, b"678") == (3, False)
    assert tasks.resume(claim, b"b") == 1
    tasks.execute("DELETE FROM task_pieces WHERE name = 'origin'")  # of an older version of the app
    assert tasks.resume(claim, b"b") == 0


def test_only_the_owner_begins_a_result_again(tasks: Tasks) -> None:
    lost = claimed(tasks, "one", GONE)
    tasks.resume(lost, b"a")
    tasks.save(lost, 0.5, 0, b"piece")
    rescue(tasks)
    (again,) = wait_for(lambda: tasks.claim("two", FAR, 1))
    with pytest.raises(LeaseLostError):
        tasks.resume(lost, b"b")
    assert tasks.resume(again, b"a") == 1
    assert pieces(tasks, again, "result") == [b"piece", None]


def test_whoever_saves_learns_that_the_task_was_cancelled(tasks: Tasks) -> None:
    claim = claimed(tasks)
    tasks.cancel(UUID(claim.id))
    assert tasks.save(claim, 0.5, 0, b"piece") == (5, True)


# fencing: each of these takes a running task away from the claim


def rescued(tasks: Tasks, claim: Claim) -> None:
    tasks.renew(claim.owner, GONE, [claim.id])
    assert rescue(tasks) == [(claim.id, TaskState.QUEUED)]


def claimed_by_another(tasks: Tasks, claim: Claim) -> None:
    rescued(tasks, claim)
    wait_for(lambda: tasks.claim("two", FAR, 1))


def claimed_again_by_the_same(tasks: Tasks, claim: Claim) -> None:
    rescued(tasks, claim)
    wait_for(lambda: tasks.claim(claim.owner, FAR, 1))


def handed_back_and_claimed_by_another(tasks: Tasks, claim: Claim) -> None:
    tasks.settle([(claim, HANDED_BACK)])  # so that the other one is at the same attempt
    wait_for(lambda: tasks.claim("two", FAR, 1))


def settled(tasks: Tasks, claim: Claim) -> None:
    tasks.settle([(claim, SUCCEEDED)])


def expired(tasks: Tasks, claim: Claim) -> None:
    settled(tasks, claim)
    assert tasks.expire(GONE)


LOSSES = [
    rescued,
    claimed_by_another,
    claimed_again_by_the_same,
    handed_back_and_claimed_by_another,
    settled,
    expired,
]


@pytest.mark.parametrize("lose", LOSSES)
def test_an_owner_that_has_lost_a_task_writes_nothing_to_it(
    tasks: Tasks, lose: Callable[[Tasks, Claim], None]
) -> None:
    claim = claimed(tasks)
    tasks.save(claim, 0.25, 0, b"first")
    lose(tasks, claim)
    before = tasks.page(9, None, None, None)
    with pytest.raises(LeaseLostError):
        tasks.save(claim, 0.9, 0, b"too late")
    for late in (SUCCEEDED, AGAIN, HANDED_BACK, CANCELLED):
        assert tasks.settle([(claim, late)]) == [False]
    assert tasks.page(9, None, None, None) == before
    assert tasks.piece(claim.id, "result", 1) is None


def test_an_owner_that_has_lost_a_task_does_not_renew_its_lease(tasks: Tasks) -> None:
    claim = claimed(tasks)
    claimed_by_another(tasks, claim)
    assert tasks.renew("one", FAR, [claim.id]) == {}


# ended


def test_success_has_a_result(tasks: Tasks) -> None:
    claim = claimed(tasks)
    assert tasks.settle([(claim, SUCCEEDED)]) == [True]
    task = found(tasks, claim)
    assert (task.state, task.progress, task.attempts) == (TaskState.SUCCEEDED, 1, 1)
    assert (task.result, task.problem) == ({"answer": 42}, None)
    assert task.finished_at is not None


@pytest.mark.parametrize("result", ["null", "0", "[]", '"ü"', "[1, null]"])
def test_any_json_can_be_a_result(tasks: Tasks, result: str) -> None:
    claim = claimed(tasks)
    tasks.settle([(claim, Outcome(TaskState.SUCCEEDED, result=result))])
    shown = {"null": None, "0": 0, "[]": [], '"ü"': "ü", "[1, null]": [1, None]}[result]
    assert found(tasks, claim).result == shown


@pytest.mark.parametrize("state", [TaskState.FAILED, TaskState.DEAD])
def test_failure_has_a_problem(tasks: Tasks, state: TaskState) -> None:
    claim = claimed(tasks)
    tasks.save(claim, 0.5)
    assert tasks.settle([(claim, Outcome(state, problem=PROBLEM))]) == [True]
    task = found(tasks, claim)
    assert (task.state, task.progress, task.result) == (state, 0.5, None)
    assert task.problem is not None
    assert task.problem.model_dump_json() == PROBLEM.replace(": ", ":").replace(", ", ",")
    assert task.finished_at is not None
    assert tasks.claim("two", FAR, 1) == []


def test_another_attempt_shows_the_last_problem_until_it_succeeds(
    tasks: Tasks,
) -> None:
    claim = claimed(tasks)
    tasks.settle([(claim, AGAIN)])
    task = found(tasks, claim)
    assert (task.state, task.attempts, task.finished_at) == (TaskState.QUEUED, 1, None)
    assert task.problem is not None
    (again,) = wait_for(lambda: tasks.claim("two", FAR, 1))
    tasks.settle([(again, HANDED_BACK)])
    assert found(tasks, claim).problem == task.problem
    (last,) = wait_for(lambda: tasks.claim("two", FAR, 1))
    tasks.settle([(last, SUCCEEDED)])
    assert (found(tasks, claim).attempts, found(tasks, claim).problem) == (2, None)


def test_a_task_that_is_handed_back_is_not_charged(tasks: Tasks) -> None:
    claim = claimed(tasks)
    tasks.save(claim, 0.5, 0, b"piece")
    assert tasks.settle([(claim, HANDED_BACK)]) == [True]
    task = found(tasks, claim)
    assert (task.state, task.attempts, task.progress) == (TaskState.QUEUED, 0, 0.5)
    (again,) = wait_for(lambda: tasks.claim("two", FAR, 1))
    assert (again.id, again.attempt) == (claim.id, 1)
    assert pieces(tasks, again, "result") == [b"piece", None]


def test_many_end_at_once_but_only_those_still_held(tasks: Tasks) -> None:
    one, lost, other = (claimed(tasks) for _ in range(3))
    tasks.settle([(lost, CANCELLED)])
    failed = Outcome(TaskState.FAILED, problem=PROBLEM)
    ends = [(one, SUCCEEDED), (lost, SUCCEEDED), (other, failed)]
    assert tasks.settle(ends) == [True, False, True]
    states = [found(tasks, claim).state for claim in (one, lost, other)]
    assert states == [TaskState.SUCCEEDED, TaskState.CANCELLED, TaskState.FAILED]
    assert tasks.settle([]) == []


@pytest.mark.parametrize("last", [SUCCEEDED, HANDED_BACK, AGAIN])
def test_an_earlier_and_the_present_attempt_may_end_at_once(tasks: Tasks, last: Outcome) -> None:
    earlier = claimed(tasks)
    rescued(tasks, earlier)
    (present,) = wait_for(lambda: tasks.claim("one", FAR, 1))
    failed = Outcome(TaskState.FAILED, problem=PROBLEM)
    assert tasks.settle([(earlier, failed), (present, last)])[1] is True
    task = found(tasks, present)
    assert (task.state, task.attempts) == (last.state, 1 + last.charged)


# cancelled


def test_a_queued_task_is_cancelled_at_once(tasks: Tasks) -> None:
    task = tasks.cancel(added(tasks, new_task()).id)
    assert (task.state, task.cancel_requested) == (TaskState.CANCELLED, True)
    assert task.finished_at is not None
    assert found(tasks, task) == task
    assert tasks.claim("one", FAR, 1) == []
    assert tasks.cancel(task.id) == task


def test_a_running_task_is_asked_to_stop(tasks: Tasks) -> None:
    claim = claimed(tasks)
    task = tasks.cancel(UUID(claim.id))
    assert (task.state, task.cancel_requested) == (TaskState.RUNNING, True)
    assert task.finished_at is None
    assert tasks.settle([(claim, CANCELLED)]) == [True]
    assert found(tasks, claim).state is TaskState.CANCELLED


def test_the_next_tasks_are_claimed_where_others_end(tasks: Tasks) -> None:
    first, second = claimed(tasks), claimed(tasks)
    waiting = added(tasks, new_task())
    following = tasks.settle_and_claim([(first, SUCCEEDED, FAR), (second, AGAIN, FAR)])
    assert {claim.id for claim in following} == {str(waiting.id), second.id}
    assert {claim.owner for claim in following} == {"one"}
    third = claimed(tasks)
    assert tasks.settle_and_claim([(third, SUCCEEDED, FAR)]) == [None]
    assert found(tasks, third).state is TaskState.SUCCEEDED


@pytest.mark.parametrize("outcome", [AGAIN, LATER, HANDED_BACK])
def test_a_task_that_was_cancelled_while_it_ran_is_not_tried_again(
    tasks: Tasks, outcome: Outcome
) -> None:
    claim = claimed(tasks)
    tasks.cancel(UUID(claim.id))
    assert tasks.settle([(claim, outcome)]) == [True]
    task = found(tasks, claim)
    assert task.state is TaskState.CANCELLED
    assert task.finished_at is not None
    assert tasks.claim("two", FAR, 1) == []


def test_a_task_that_ends_before_it_hears_of_the_cancellation_keeps_its_end(
    tasks: Tasks,
) -> None:
    claim = claimed(tasks)
    tasks.cancel(UUID(claim.id))
    tasks.settle([(claim, SUCCEEDED)])
    task = found(tasks, claim)
    assert (task.state, task.result) == (TaskState.SUCCEEDED, {"answer": 42})


def test_a_task_that_waits_for_another_attempt_is_cancelled_at_once(
    tasks: Tasks,
) -> None:
    claim = claimed(tasks)
    tasks.settle([(claim, LATER)])
    assert tasks.cancel(UUID(claim.id)).state is TaskState.CANCELLED


@pytest.mark.parametrize("state", [state for state in TaskState if state.final])
def test_an_ended_task_stays_as_it_is(tasks: Tasks, state: TaskState) -> None:
    claim = claimed(tasks)
    tasks.settle([(claim, Outcome(state))])
    before = found(tasks, claim)
    assert tasks.cancel(UUID(claim.id)) == before
    assert before.cancel_requested is False


# taken over


def test_a_task_whose_lease_has_run_out_is_queued_again(tasks: Tasks) -> None:
    lost, held = claimed(tasks, "one", GONE), claimed(tasks, "two", FAR)
    tasks.save(lost, 0.5, 0, b"piece")
    assert rescue(tasks) == [(lost.id, TaskState.QUEUED)]
    assert rescue(tasks) == []
    assert found(tasks, held).state is TaskState.RUNNING
    task = found(tasks, lost)
    assert (task.attempts, task.progress, task.problem) == (1, 0.5, None)
    (again,) = wait_for(lambda: tasks.claim("two", FAR, 1))
    assert (again.id, again.attempt) == (lost.id, 2)
    assert pieces(tasks, again, "result") == [b"piece", None]


def test_a_short_lease_runs_out(tasks: Tasks) -> None:
    claim = claimed(tasks, "one", 0.02)
    assert wait_for(lambda: rescue(tasks)) == [(claim.id, TaskState.QUEUED)]


def test_a_task_that_was_lost_at_every_attempt_is_dead(tasks: Tasks) -> None:
    claim = claimed(tasks, "one", GONE)
    assert rescue(tasks, 2) == [(claim.id, TaskState.QUEUED)]
    wait_for(lambda: tasks.claim("two", GONE, 1))
    assert rescue(tasks, 2) == [(claim.id, TaskState.DEAD)]
    task = found(tasks, claim)
    assert task.problem is not None
    assert task.problem.type == "urn:problem:WorkerLost"
    assert task.finished_at is not None


@pytest.mark.parametrize("max_attempts", [1, 9])
def test_a_lost_task_that_was_cancelled_is_not_tried_again(tasks: Tasks, max_attempts: int) -> None:
    claim = claimed(tasks, "one", GONE)
    tasks.cancel(UUID(claim.id))
    assert rescue(tasks, max_attempts) == [(claim.id, TaskState.CANCELLED)]
    task = found(tasks, claim)
    assert task.finished_at is not None
    assert task.problem is None


def test_who_is_late_keeps_its_tasks_if_it_renews_before_the_second_look(tasks: Tasks) -> None:
    claim = claimed(tasks, "one", GONE)
    assert tasks.rescue(9) == []  # nobody has doubted it
    assert tasks.doubt(FAR, FAR) == 1
    assert tasks.doubt(FAR, FAR) == 0
    assert tasks.rescue(9) == []  # it still has time
    assert tasks.renew("one", FAR, [claim.id]) == {claim.id: False}
    assert rescue(tasks) == []
    assert found(tasks, claim).state is TaskState.RUNNING


def claim_again(tasks: Tasks, owner: str, claims: list[Claim]) -> list[Claim]:
    """Claim these tasks again, for a process that is gone."""
    return [tasks.claim(owner, GONE, 1, claim.id)[0] for claim in claims]


def test_only_who_runs_alone_is_charged_with_the_loss_of_its_process(tasks: Tasks) -> None:
    claims = [claimed(tasks, "a", GONE) for _ in range(3)]
    for owner in "bcde":
        assert {state for _, state in rescue(tasks, 1)} == {TaskState.QUEUED}
        claims = claim_again(tasks, owner, claims)
    assert {claim.attempt for claim in claims} == {5}
    rescue(tasks, 1)
    for claim in claims:
        assert claim_again(tasks, "alone", [claim])[0].charged == 1
        assert rescue(tasks, 1) == [(claim.id, TaskState.DEAD)]


def test_a_neighbour_whose_lease_ends_later_is_one_too(tasks: Tasks) -> None:
    first, second = claimed(tasks, "one", GONE), claimed(tasks, "one", FAR)
    assert rescue(tasks, 1) == [(first.id, TaskState.QUEUED)]
    assert tasks.claim("two", GONE, 1, first.id)[0].charged == 1  # as if it were the first
    assert rescue(tasks, 1) == [(first.id, TaskState.DEAD)]
    assert found(tasks, second).state is TaskState.RUNNING


def test_who_was_lost_twice_beside_others_is_claimed_alone(tasks: Tasks) -> None:
    claims = [claimed(tasks, "a", GONE) for _ in range(2)]
    rescue(tasks)
    assert tasks.find_suspect() is None
    claims = claim_again(tasks, "b", claims)
    rescue(tasks)
    other = added(tasks, new_task())
    assert ids(tasks.claim("c", FAR, 9)) == [str(other.id)]
    suspect = wait_for(tasks.find_suspect)
    assert suspect in ids(claims)
    assert ids(tasks.claim("c", FAR, 1, suspect)) == [suspect]


def test_who_adds_to_its_result_is_neither_charged_nor_suspect(tasks: Tasks) -> None:
    claim = claimed(tasks, "a", GONE)
    for number, owner in enumerate("bcdefg"):
        assert tasks.save(claim, 0.1 * number, number, b"piece")
        assert rescue(tasks, 1) == [(claim.id, TaskState.QUEUED)]
        assert tasks.find_suspect() is None
        (claim,) = tasks.claim(owner, GONE, 1)
        assert (claim.attempt, claim.charged) == (number + 2, 1)
    tasks.save(claim, 0.9)  # progress alone might be the same each time
    assert rescue(tasks, 1) == [(claim.id, TaskState.DEAD)]


# steps of the clock: here it is the rows that are moved


STEPS = {
    "due_at": "UPDATE tasks SET due_at = due_at + :step WHERE id = :id",
    "lease_ends_at": "UPDATE tasks SET lease_ends_at = lease_ends_at + :step WHERE id = :id",
    "finished_at": "UPDATE tasks SET finished_at = finished_at + :step WHERE id = :id",
    "dispatched_at": "UPDATE tasks SET dispatched_at = dispatched_at + :step WHERE id = :id",
}


def set_back(tasks: Tasks, claim: Claim | Task, step: float = FAR, *columns: str) -> None:
    """Set the clock back, as it looks to one task."""
    for column in columns or ("due_at", "lease_ends_at"):
        tasks.execute(STEPS[column], step=step, id=str(claim.id))


def test_a_clock_that_was_set_back_holds_up_nothing_that_is_due(tasks: Tasks) -> None:
    fresh, handed_back, tried_again = (claimed(tasks) for _ in range(3))
    tasks.settle([(fresh, HANDED_BACK), (handed_back, HANDED_BACK)])
    tasks.settle([(tried_again, Outcome(TaskState.QUEUED, problem=PROBLEM, delay=9))])
    for claim in (fresh, handed_back):
        set_back(tasks, claim)
    assert tasks.catch_up(10) == 2
    assert set(ids(tasks.claim("two", FAR, 9))) == {fresh.id, handed_back.id}
    set_back(tasks, tried_again)
    assert tasks.catch_up(10) == 1
    assert ids(tasks.claim("two", FAR, 9)) == [tried_again.id]


def test_a_lease_never_ends_later_than_one_of_now(tasks: Tasks) -> None:
    healthy, crashed = claimed(tasks, "one", 0.02), claimed(tasks, "two", 0.02)
    for claim in (healthy, crashed):
        set_back(tasks, claim)
    assert tasks.doubt(0.02, FAR) == 2
    tasks.renew("one", FAR, [healthy.id])
    assert wait_for(lambda: tasks.doubt(2 * FAR, GONE)) == 1
    assert tasks.rescue(9) == [(crashed.id, TaskState.QUEUED)]
    assert found(tasks, healthy).state is TaskState.RUNNING


def test_what_ended_long_after_now_is_as_if_it_ended_now(tasks: Tasks) -> None:
    future, soon = claimed(tasks), claimed(tasks)
    tasks.settle([(claim, SUCCEEDED) for claim in (future, soon)])
    set_back(tasks, future, 3e8, "finished_at")
    set_back(tasks, soon, 60, "finished_at")
    before = found(tasks, soon).finished_at
    assert tasks.expire(FAR) == 0
    finished, created = found(tasks, future).finished_at, found(tasks, future).created_at
    assert finished is not None
    assert (finished - created).total_seconds() < FAR
    assert found(tasks, soon).finished_at == before


def test_a_clock_that_was_set_forward_costs_a_healthy_task_nothing(tasks: Tasks) -> None:
    claim = claimed(tasks, "one", 30)
    set_back(tasks, claim, -FAR)
    assert tasks.doubt(30, 2) == 1
    assert tasks.rescue(9) == []
    tasks.renew("one", 30, [claim.id])
    assert tasks.doubt(30, 2) == 0
    assert (found(tasks, claim).state, found(tasks, claim).attempts) == (TaskState.RUNNING, 1)


def test_an_announcement_of_a_later_time_counts_as_old(tasks: Tasks) -> None:
    task = added(tasks, new_task())
    tasks.dispatch(1)
    set_back(tasks, task, FAR, "dispatched_at")
    assert tasks.redispatch(30, 0) == 1


# rows of another version


BAD_ROWS = [
    ("result", "NaN"),
    ("result", '{"a": [1, Infinity]}'),
    ("result", '"\\ud800"'),
    ("result", "[" * 1_000 + "]" * 1_000),
    ("result", "1" * 5_000),
    ("result", "no JSON"),
    ("problem", '{"reason": "of a newer app"}'),
    ("problem", "[]"),
    ("state", "paused"),
    ("progress", 7.0),
    ("created_at", 1e300),
    ("started_at", -1e300),
    ("finished_at", float("inf")),
]


@pytest.mark.parametrize(("column", "value"), BAD_ROWS)
def test_a_row_that_cannot_be_read_hides_no_other(tasks: Tasks, column: str, value: object) -> None:
    bad, good = claimed(tasks), claimed(tasks)
    tasks.settle([(bad, SUCCEEDED), (good, SUCCEEDED)])
    tasks.execute(f"UPDATE tasks SET {column} = :value WHERE id = :id", value=value, id=bad.id)
    page = tasks.page(9, None, None, None)
    assert ids(page) == [good.id, bad.id]
    assert page[0] == found(tasks, good)
    assert page[1].problem is not None
    assert page[1].problem.type == "urn:problem:Unreadable"
    TaskPage(items=page, next_cursor=None).model_dump_json()


# removed


def test_old_ended_tasks_are_removed_with_all_they_had(tasks: Tasks) -> None:
    old = added(tasks, new_task(key="k", fingerprint="f", pieces=[b"input"]))
    (claim,) = tasks.claim("one", FAR, 1)
    tasks.save(claim, 0.5, 0, b"result")
    tasks.settle([(claim, SUCCEEDED)])
    others = [str(added(tasks, new_task()).id), claimed(tasks).id]
    cancelled = tasks.cancel(added(tasks, new_task()).id)
    assert tasks.expire(FAR) == 0
    assert tasks.expire(GONE) == 4  # two tasks and two pieces
    assert tasks.expire(GONE) == 0
    for gone in (old, cancelled):
        with pytest.raises(TaskNotFoundError):
            tasks.get(gone.id)
    assert pieces(tasks, old, "input") == pieces(tasks, old, "result") == [None]
    assert ids(tasks.page(9, None, None, None)) == others[::-1]
    fresh = added(tasks, new_task(key="k", fingerprint="other"))
    assert fresh.state is TaskState.QUEUED


def test_large_tasks_are_removed_in_small_steps_and_never_half_a_file(tasks: Tasks) -> None:
    third = EXPIRED_BYTES // 3 + 1
    claim = claimed(tasks)
    for number in range(7):
        tasks.save(claim, 0.5, number, bytes(third))
    tasks.settle([(claim, SUCCEEDED)])
    left = []
    while tasks.expire(GONE):
        left.append([n for n in range(7) if tasks.piece(claim.id, "result", n)])
    assert left == [[3, 4, 5, 6], [6], []]
    with pytest.raises(TaskNotFoundError):
        found(tasks, claim)


def test_the_size_of_the_queue_is_that_of_what_waits(tasks: Tasks) -> None:
    assert tasks.queued_bytes() == 0
    news = [new_task(payload='"ü"', pieces=[b"12345"]), new_task(payload="{}")]
    tasks.add(news)
    assert tasks.queued_bytes() == sum(new.size for new in news) == 4 + 5 + 2
    tasks.claim("one", FAR, 1)
    assert tasks.queued_bytes() == 2


# the outbox


def test_each_due_task_is_announced_once(tasks: Tasks) -> None:
    made = ids([added(tasks, new_task()) for _ in range(3)])
    claimed(tasks)
    tasks.settle([(claimed(tasks), LATER)])
    assert set(tasks.dispatch(2)) == set(made[:2])
    assert tasks.dispatch(2) == made[2:]
    assert tasks.dispatch(2) == []


def test_what_could_not_be_announced_goes_back_into_the_outbox(tasks: Tasks) -> None:
    first, *rest = ids([added(tasks, new_task()) for _ in range(3)])
    tasks.dispatch(3)
    tasks.undispatch([*rest, str(uuid4())])
    assert set(tasks.dispatch(3)) == set(rest)
    assert ids(tasks.claim("one", FAR, 1, first)) == [first]


@pytest.mark.parametrize("lose", [rescued, lambda r, claim: r.settle([(claim, AGAIN)])])
def test_another_attempt_is_announced_again(
    tasks: Tasks, lose: Callable[[Tasks, Claim], None]
) -> None:
    task = added(tasks, new_task())
    assert tasks.dispatch(1) == [str(task.id)]
    (claim,) = tasks.claim("one", FAR, 1)
    assert tasks.dispatch(1) == []
    lose(tasks, claim)
    assert wait_for(lambda: tasks.dispatch(1)) == [str(task.id)]


def test_what_the_broker_lost_is_announced_again(tasks: Tasks) -> None:
    made = ids([added(tasks, new_task()) for _ in range(3)])
    tasks.dispatch(3)
    tasks.claim("one", FAR, 1, made[0])
    assert tasks.redispatch(GONE, 2) == 0  # the broker already has the other two
    assert tasks.redispatch(FAR, 0) == 0  # they have just been announced
    assert tasks.dispatch(3) == []
    assert tasks.redispatch(GONE, 1) == 2
    assert set(tasks.dispatch(3)) == set(made[1:])
