"""What the store of tasks promises: on SQLite here, and on Postgres in the file beside this."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.tasks.records import (
    Claim,
    IdempotencyConflictError,
    LeaseLostError,
    Outcome,
    TaskNotFoundError,
)
from app.tasks.schemas import Task, TaskState
from tests.tasks.helpers import (
    FAR,
    GONE,
    Tasks,
    added,
    claimed,
    found,
    new_task,
    opened_tasks,
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
    for claim, delay in ((late, 0.05), (early, 0.0)):
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


# leases


def test_an_owner_renews_only_its_own_leases(tasks: Tasks) -> None:
    mine, other = claimed(tasks, "one", GONE), claimed(tasks, "two", GONE)
    assert tasks.renew("one", FAR, [mine.id, other.id]) == {mine.id: False}
    assert tasks.rescue(9) == [(other.id, TaskState.QUEUED)]


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
    assert tasks.rescue(9) == [(unheard.id, TaskState.QUEUED)]


def test_a_piece_that_is_sent_twice_is_kept_once(tasks: Tasks) -> None:
    claim = claimed(tasks)
    for _ in range(2):
        tasks.save(claim, 0.5, 0, b"piece")
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


def test_whoever_saves_learns_that_the_task_was_cancelled(tasks: Tasks) -> None:
    claim = claimed(tasks)
    tasks.cancel(UUID(claim.id))
    assert tasks.save(claim, 0.5, 0, b"piece") == (5, True)


# fencing: each of these takes a running task away from the claim


def rescued(tasks: Tasks, claim: Claim) -> None:
    tasks.renew(claim.owner, GONE, [claim.id])
    assert tasks.rescue(9) == [(claim.id, TaskState.QUEUED)]


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
    assert tasks.expire(GONE) == 1


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
    assert tasks.rescue(9) == [(lost.id, TaskState.QUEUED)]
    assert tasks.rescue(9) == []
    assert found(tasks, held).state is TaskState.RUNNING
    task = found(tasks, lost)
    assert (task.attempts, task.progress, task.problem) == (1, 0.5, None)
    (again,) = wait_for(lambda: tasks.claim("two", FAR, 1))
    assert (again.id, again.attempt) == (lost.id, 2)
    assert pieces(tasks, again, "result") == [b"piece", None]


def test_a_short_lease_runs_out(tasks: Tasks) -> None:
    claim = claimed(tasks, "one", 0.02)
    assert wait_for(lambda: tasks.rescue(9)) == [(claim.id, TaskState.QUEUED)]


def test_a_task_that_was_lost_at_every_attempt_is_dead(tasks: Tasks) -> None:
    claim = claimed(tasks, "one", GONE)
    assert tasks.rescue(2) == [(claim.id, TaskState.QUEUED)]
    wait_for(lambda: tasks.claim("two", GONE, 1))
    assert tasks.rescue(2) == [(claim.id, TaskState.DEAD)]
    task = found(tasks, claim)
    assert task.problem is not None
    assert task.problem.type == "urn:problem:WorkerLost"
    assert task.finished_at is not None


@pytest.mark.parametrize("max_attempts", [1, 9])
def test_a_lost_task_that_was_cancelled_is_not_tried_again(tasks: Tasks, max_attempts: int) -> None:
    claim = claimed(tasks, "one", GONE)
    tasks.cancel(UUID(claim.id))
    assert tasks.rescue(max_attempts) == [(claim.id, TaskState.CANCELLED)]
    task = found(tasks, claim)
    assert task.finished_at is not None
    assert task.problem is None


# removed


def test_old_ended_tasks_are_removed_with_all_they_had(tasks: Tasks) -> None:
    old = added(tasks, new_task(key="k", fingerprint="f", pieces=[b"input"]))
    (claim,) = tasks.claim("one", FAR, 1)
    tasks.save(claim, 0.5, 0, b"result")
    tasks.settle([(claim, SUCCEEDED)])
    others = [str(added(tasks, new_task()).id), claimed(tasks).id]
    cancelled = tasks.cancel(added(tasks, new_task()).id)
    assert tasks.expire(FAR) == 0
    assert tasks.expire(GONE) == 2
    for gone in (old, cancelled):
        with pytest.raises(TaskNotFoundError):
            tasks.get(gone.id)
    assert pieces(tasks, old, "input") == pieces(tasks, old, "result") == [None]
    assert ids(tasks.page(9, None, None, None)) == others[::-1]
    fresh = added(tasks, new_task(key="k", fingerprint="other"))
    assert fresh.state is TaskState.QUEUED


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
