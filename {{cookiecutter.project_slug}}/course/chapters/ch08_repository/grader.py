"""Chapter 08: two servers that share a queue, and tasks that the grader can hold."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NoReturn

from learn.grading.exchange import Json
from learn.grading.gate import wait_until
from learn.grading.lab import Exchange, Gate, Lab, Server, check
from learn.grading.process import DATABASE, database_url
from learn.grading.server import serve

APP = "chapters.ch08_repository.kind:app"  # it has the kind `probe`, and no heartbeat
PROBE = "/v1/tasks/probe"
TASKS = "/v1/tasks"
LATE = "late"  # a first run that has lost its task
MANY = 40
PATIENCE_SECONDS = 6
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Task:
    """A task that was accepted, and its word."""

    id: str
    word: str


class Queue:
    """A database with tasks, and two servers that share it, with two places each.

    The first server looks for work when a task is submitted to it or ends in it; the second looks
    all the time. So it is clear which takes a task: the first when a task is submitted to it, the
    second when it has a free place.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        work = lab.new_work()
        self.gate = Gate(work / "probe")
        self.database = work / DATABASE
        self._settings = {
            "PROBE_FOLDER": self.gate.folder,
            "DATABASE_URL": database_url(work),
            "TASK_CONCURRENCY": 2,
            "TASK_LEASE_SECONDS": 3600,
            "TASK_BACKOFF_SECONDS": 60,
        }
        self.servers = [self._start(TASK_POLL_SECONDS=60)]
        self.servers[0].wait_until_started()

    def _start(self, **settings: object) -> Server:
        given = self._settings | settings
        server = serve(self._lab.folder, self._lab.new_work(), given, wait=False, target=APP)
        started = self._lab.enter(server)
        self._lab.enter(self._stop(started))
        return started

    @contextmanager
    def _stop(self, server: Server) -> Iterator[None]:
        """Let go of everything at the end, and stop all servers, so that none waits for another."""
        yield
        for hold in self.gate.folder.glob("hold*"):
            hold.unlink(missing_ok=True)
        server.process.terminate()

    @cached_property
    def _second(self) -> Server:
        (self.gate.folder / "hold-start").touch()
        return self._start(TASK_POLL_SECONDS=0.05)

    def prepare_second(self) -> None:
        """Start the second server, which takes a while, and hold it before it begins to work."""
        self._second  # noqa: B018

    def begin_second(self) -> None:
        """Let the second server work: from here on there are two."""
        second = self._second
        (self.gate.folder / "hold-start").unlink()
        second.wait_until_started()
        self.servers.append(second)

    @cached_property
    def first(self) -> Task:
        """A task that stands still in a place of the first server until that server crashes."""
        return self.start()

    def fill(self) -> tuple[Task, Task, Task]:
        """Fill every place; return the two tasks held in the second server and one in the first."""
        home = self.runs(self.first)[0]["pid"]
        tasks = [self.start(0) for _ in range(3)]
        one, other, on_first = sorted(tasks, key=lambda task: self.runs(task)[0]["pid"] == home)
        return one, other, on_first

    def submit(self, number: int = 0, held: bool = False, **payload: Json) -> Task:
        """Submit a task; if it is to be held, its first run stands still."""
        task = Task("", self._lab.word())
        if held:
            self.hold(task)
        answer = self.servers[number].post(PROBE, {"word": task.word, **payload})
        answer.expect(202, {"state": "queued", "attempts": 0}, why="accepted")
        return Task(answer.json["id"], task.word)

    def start(self, number: int = 0, **payload: Json) -> Task:
        """Submit a task, and return once it runs and stands still."""
        task = self.submit(number, held=True, **payload)
        self.wait_for_run(task)
        return task

    def hold(self, task: Task, run: int | str = 1) -> None:
        """Make this run of the task stand still."""
        (self.gate.folder / f"hold-{task.word}-{run}").touch()

    def let_go(self, task: Task, run: int | str = 1) -> None:
        """Let the run go on."""
        (self.gate.folder / f"hold-{task.word}-{run}").unlink()

    def finish(self, task: Task, run: int | str = 1) -> None:
        """Let the run go on to its end."""
        self.let_go(task, run)
        self.wait_for_success(task)

    def runs(self, task: Task) -> list[Json]:
        """Return each run of the task: which process ran it, and when."""
        return [run for run in self.gate.events("run") if run["word"] == task.word]

    def demand_one_run(self, task: Task, why: str) -> None:
        """Fail for this reason if the task was run more than once."""
        if (count := len(self.runs(task))) > 1:
            self.read(task).fail("one run", why=why, count=count)

    def have_leases_end(self, *tasks: Task) -> None:
        """Age the leases of these tasks by a day."""
        update = "UPDATE tasks SET lease_ends_at = lease_ends_at - ? WHERE id = ?"
        with closing(sqlite3.connect(self.database, timeout=PATIENCE_SECONDS)) as database:
            database.executemany(update, [(DAY_SECONDS, task.id) for task in tasks])
            database.commit()

    def read(self, task: Task, number: int = -1) -> Exchange:
        """Read the task from a server."""
        return self.servers[number].get(f"{TASKS}/{task.id}").expect(200, why="unknown")

    def listed(self, number: int = -1) -> dict[str, Json]:
        """List every task of a server, by its id."""
        answer = self.servers[number].get(f"{TASKS}?limit=100").expect(200, why="unknown")
        return {task["id"]: task for task in answer.json["items"]}

    def wait_for_run(self, task: Task, count: int = 1) -> None:
        """Wait until the task has been run this many times."""
        if not wait_until(lambda: len(self.runs(task)) >= count, PATIENCE_SECONDS):
            self.explain(task)

    def wait_for_rescue(self, task: Task) -> None:
        """Wait until the task, whose server has died, is run again."""
        if not wait_until(lambda: len(self.runs(task)) > 1, PATIENCE_SECONDS):
            self.read(task).fail("taken up once more", why="not-rescued")

    def explain(self, task: Task) -> NoReturn:
        """Fail, and say why the task is not run."""
        answer = self.read(task)
        self.blame_an_error(answer)
        answer.fail("running", why="not-taken" if answer.json["state"] == "queued" else "not-run")

    def wait_for_success(self, task: Task) -> Exchange:
        """Wait until the task has succeeded with its own result, and return the answer."""
        wait_until(lambda: self.read(task).json["state"] == "succeeded", PATIENCE_SECONDS)
        return self.expect_success(task)

    def expect_success(self, task: Task) -> Exchange:
        """Return the answer, which must say that the task has succeeded with its own result."""
        answer = self.read(task)
        if answer.json["state"] != "succeeded":
            self.wait_for_run(task)
            self.blame_an_error(answer)
        result = {"word": task.word, "run": len(self.runs(task))}
        return answer.expect(200, {"state": "succeeded", "result": result}, why="outcome")

    def blame_an_error(self, answer: Exchange) -> None:
        """Fail with the error of the database or of Python, if there was one."""
        for line in (line for server in self.servers for line in server.log):
            if cause := line.get("cause"):
                answer.fail("running, then succeeded", why="refused", error=cause)
            if line["event"] == "task_engine_error":
                error = line["exception"].strip().splitlines()[-1]
                answer.fail("running, then succeeded", why="raised", error=error)


queue_of = cache(Queue)


@check("taken-up")
def task_is_taken_up(lab: Lab) -> None:
    queue = queue_of(lab)
    answer = queue.read(queue.first).expect(200, {"state": "running"}, why="state")
    answer.expect(200, {"attempts": 1}, why="attempts")
    if not answer.json["started_at"]:
        answer.fail("running, with the time of its start", why="no-start")


@check("not-again")
def task_is_not_taken_up_again(lab: Lab) -> None:
    queue = queue_of(lab)
    queue.prepare_second()
    task = queue.submit(held=True)  # there is a free place, and the first task is older
    wait_until(lambda: bool(queue.runs(task) or queue.runs(queue.first)[1:]), PATIENCE_SECONDS)
    queue.demand_one_run(queue.first, "again")
    queue.wait_for_run(task)
    queue.let_go(task)


@check("in-order")
def longest_waiting_comes_first(lab: Lab) -> None:
    queue = queue_of(lab)
    running = queue.start()
    waiting = [queue.submit(held=True) for _ in range(4)]
    queue.let_go(running)
    wait_until(lambda: any(map(queue.runs, waiting)), PATIENCE_SECONDS)
    first = next(filter(queue.runs, waiting), None)
    if first is None:
        queue.explain(waiting[0])
    if first is not waiting[0]:
        queue.read(waiting[0]).fail("running, because it was submitted first", why="order")
    for task in waiting[1:]:
        queue.read(task).expect(200, {"state": "queued"}, why="places")
    for task in waiting:
        queue.let_go(task)
    queue.wait_for_run(waiting[-1])
    starts = [queue.runs(task)[0]["at"] for task in waiting]
    if starts != sorted(starts):
        queue.read(waiting[0]).fail("the tasks in the order of their submission", why="order")


@check("outcome")
def outcome_is_kept(lab: Lab) -> None:
    queue = queue_of(lab)
    task, following = queue.start(), queue.submit()
    queue.let_go(task)
    queue.wait_for_run(following)  # in the other's place: then the other has ended
    answer = queue.expect_success(task)
    if answer.json["progress"] != 1 or not answer.json["finished_at"]:
        answer.fail("progress 1, and the time of the end", why="outcome")


@check("retry")
def failed_task_waits_for_its_time(lab: Lab) -> None:
    queue = queue_of(lab)
    failed = queue.submit(fail=True)
    queue.wait_for_run(failed)
    queue.wait_for_success(queue.submit())
    queue.read(failed).expect(200, {"state": "queued", "attempts": 1}, why="not-due")


@check("two-servers")
def each_task_is_run_once(lab: Lab) -> None:
    queue = queue_of(lab)
    queue.begin_second()
    with queue.gate.hold(), ThreadPoolExecutor(8) as pool:
        tasks = list(pool.map(queue.submit, [number % 2 for number in range(MANY)]))
    for number in (0, 1):
        known = queue.listed(number)
        for task in (queue.first, *tasks):
            if task.id not in known:
                queue.read(task, number)

    def all_succeeded() -> bool:
        found = queue.listed()
        return all(found[task.id]["state"] == "succeeded" for task in tasks)

    wait_until(all_succeeded, PATIENCE_SECONDS)
    for task in (queue.first, *tasks):
        queue.demand_one_run(task, "twice")
    for task in tasks:
        queue.expect_success(task)


@check("too-late")
def late_end_does_not_count(lab: Lab) -> None:
    queue = queue_of(lab)
    one, other, on_first = queue.fill()
    queue.finish(one)
    task = queue.start(1, lose="lease")  # in the second server, then there again
    queue.finish(other)
    one = change_hands(queue, task)
    other = queue.start(1)
    queue.finish(on_first)
    task = queue.start(0, lose="place")  # in the first server, then in the second
    queue.finish(other)
    on_first = change_hands(queue, task)
    queue.finish(one)
    queue.finish(on_first)


def change_hands(queue: Queue, task: Task) -> Task:
    """Make a process lose this task, run it again in the only free place, then end the lost run.

    Return the task that runs in that run's place afterwards.
    """
    started = queue.read(task).json["started_at"]
    queue.hold(task, LATE)
    queue.hold(task, 2)
    queue.let_go(task)
    queue.wait_for_run(task, 2)
    following = queue.submit(held=True)
    queue.let_go(task, LATE)
    queue.wait_for_run(following)  # in the first run's place: then that run has ended
    late = {"state": "running", "result": None}
    answer = queue.read(task).expect(200, late, why="too-late")
    answer.expect(200, {"started_at": started}, why="start-moved")
    queue.finish(task, 2)
    return following


@check("crash")
def nothing_is_lost(lab: Lab) -> None:
    queue = queue_of(lab)
    one, other, on_first = queue.fill()
    crashed, waiting = queue.submit(crash=True), queue.submit()
    queue.let_go(on_first)
    process = queue.servers[0].process
    if not wait_until(lambda: process.poll() is not None, PATIENCE_SECONDS):
        queue.explain(crashed)
    queue.have_leases_end(queue.first, crashed)
    for task in (queue.first, one, other):
        queue.let_go(task)
    queue.wait_for_success(waiting)
    for task in (queue.first, crashed):
        queue.wait_for_rescue(task)
    for task in (on_first, one, other, queue.first, crashed):
        queue.wait_for_success(task)
