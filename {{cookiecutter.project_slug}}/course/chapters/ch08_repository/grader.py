"""Chapter 08: servers that share a queue, and tasks that the grader holds in its hand."""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from learn.exchange import Json
from learn.gate import wait_until
from learn.lab import Exchange, Gate, Lab, Server, check
from learn.server import serve

PROBE = "/v1/tasks/probe"
TASKS = "/v1/tasks"
LATE = "late"  # a first run that has lost its task
MANY = 40
PATIENCE_SECONDS = 4
# The first server looks for work when a task comes or ends, and never by the clock.
ONE_PLACE = {"TASK_CONCURRENCY": 1, "TASK_POLL_SECONDS": 60, "TASK_LEASE_SECONDS": 1}
TWO_PLACES = {"TASK_CONCURRENCY": 2, "TASK_POLL_SECONDS": 0.05}


@dataclass(frozen=True)
class Task:
    """A task that was accepted, and the word in it."""

    id: str
    word: str


class Queue:
    """A database with tasks, and the servers that share it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        work = lab.new_work()
        self.gate = Gate(work / "probe")
        self._shared = {
            "MODEL_LOADER": "chapters.ch08_repository.kind:load_model",
            "PROBE_FOLDER": self.gate.folder,
            "TASK_DATABASE_PATH": work / "tasks.sqlite3",
            "TASK_BACKOFF_SECONDS": 60,
        }
        self.servers: list[Server] = []
        self.start(ONE_PLACE)

    def start(self, settings: Mapping[str, object]) -> None:
        """Start one more server, and do not wait for it."""
        given = {**self._shared, **settings}
        server = serve(self._lab.folder, self._lab.new_work(), given, wait=False)
        self.servers.append(self._lab.enter(server))
        self._lab.enter(self._stop_together())

    @contextmanager
    def _stop_together(self) -> Iterator[None]:
        """At the end nothing stands still any more, and no server waits for another to stop."""
        yield
        for hold in self.gate.folder.glob("hold*"):
            hold.unlink(missing_ok=True)
        for server in self.servers:
            server.process.terminate()

    def server(self, number: int = -1) -> Server:
        """One of the servers, once it answers; without a number, the last that was started."""
        server = self.servers[number]
        if not server.url:
            server.wait_until_started()
        return server

    def submit(self, number: int = -1, held: bool = False, **payload: Json) -> Task:
        """Submit a task, whose first run shall stand still if it is to be held."""
        task = Task("", self._lab.word())
        if held:
            self.hold(task)
        answer = self.server(number).post(PROBE, {"word": task.word, **payload})
        answer.expect(202, {"state": "queued", "attempts": 0}, why="accepted")
        return Task(answer.json["id"], task.word)

    def hold(self, task: Task, run: int | str = 1) -> None:
        """Have this run of the task stand still."""
        (self.gate.folder / f"hold-{task.word}-{run}").touch()

    def let_go(self, task: Task, run: int | str = 1) -> None:
        """Have it go on."""
        (self.gate.folder / f"hold-{task.word}-{run}").unlink()

    def runs(self, task: Task) -> list[Json]:
        """Each run of the task: the process that runs it, and when."""
        return [run for run in self.gate.events("run") if run["word"] == task.word]

    def read(self, task: Task, number: int = -1) -> Exchange:
        """The task, as a server says."""
        return self.server(number).get(f"{TASKS}/{task.id}").expect(200, why="unknown")

    def listed(self, number: int = -1) -> dict[str, Json]:
        """Every task by its id, as a server says."""
        answer = self.server(number).get(f"{TASKS}?limit=100").expect(200, why="unknown")
        return {task["id"]: task for task in answer.json["items"]}

    def wait_for_run(self, task: Task, count: int = 1) -> None:
        """Wait until the task is run, for the first time or one of the next."""
        if not wait_until(lambda: len(self.runs(task)) >= count, PATIENCE_SECONDS):
            self.explain(task)

    def explain(self, task: Task) -> NoReturn:
        """Say why a task is not run."""
        answer = self.read(task)
        self.blame_an_error(answer)
        answer.fail("running", why="not-taken" if answer.json["state"] == "queued" else "not-run")

    def wait_for_success(self, task: Task) -> Exchange:
        """Wait until the task has succeeded with its own result, and give the answer."""
        wait_until(lambda: self.read(task).json["state"] == "succeeded", PATIENCE_SECONDS)
        answer = self.read(task)
        if answer.json["state"] != "succeeded":
            self.wait_for_run(task)
            self.blame_an_error(answer)
        result = {"word": task.word, "run": len(self.runs(task))}
        return answer.expect(200, {"state": "succeeded", "result": result}, why="outcome")

    def blame_an_error(self, answer: Exchange) -> None:
        """Fail with what the database said, or Python, if one of them complained."""
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
    task = queue.submit(held=True)
    queue.wait_for_run(task)
    answer = queue.read(task).expect(200, {"state": "running"}, why="state")
    answer.expect(200, {"attempts": 1}, why="attempts")
    if not answer.json["started_at"]:
        answer.fail("running, with the time of its start", why="no-start")
    queue.let_go(task)


@check("not-again")
def task_is_not_taken_up_again(lab: Lab) -> None:
    queue = queue_of(lab)
    tasks = []
    for _ in range(3):  # one place: what is due longer goes before what comes in later
        tasks.append(queue.submit())
        queue.wait_for_run(tasks[-1])
    if len(queue.runs(tasks[0])) > 1:
        queue.read(tasks[0]).fail("one run", why="again", count=len(queue.runs(tasks[0])))


@check("in-order")
def longest_waiting_comes_first(lab: Lab) -> None:
    queue = queue_of(lab)
    running = queue.submit(held=True)
    queue.wait_for_run(running)
    waiting = [queue.submit(held=True) for _ in range(4)]
    queue.let_go(running)
    wait_until(lambda: any(map(queue.runs, waiting)), PATIENCE_SECONDS)
    first = next(filter(queue.runs, waiting), None)
    if first is None:
        queue.explain(waiting[0])
    if first is not waiting[0]:
        queue.read(waiting[0]).fail("running, as it was submitted first", why="order")
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
    answer = queue.wait_for_success(queue.submit())
    if answer.json["progress"] != 1 or not answer.json["finished_at"]:
        answer.fail("progress 1, and the time of the end", why="outcome")


@check("retry")
def failed_task_waits_for_its_time(lab: Lab) -> None:
    queue = queue_of(lab)
    failed = queue.submit(fail=True)
    queue.wait_for_run(failed)
    queue.wait_for_success(queue.submit())
    queue.read(failed).expect(200, {"state": "queued", "attempts": 1}, why="not-due")


@check("restart")
def nothing_is_lost(lab: Lab) -> None:
    queue = queue_of(lab)
    done = queue.submit(held=True)
    queue.wait_for_run(done)
    crashed, waiting = queue.submit(crash=True), queue.submit()
    queue.let_go(done)
    process = queue.server().process
    if not wait_until(lambda: process.poll() is not None, PATIENCE_SECONDS):
        queue.explain(crashed)
    queue.start(TWO_PLACES)
    queue.start(TWO_PLACES)
    queue.wait_for_success(done)
    queue.wait_for_success(waiting)
    if not wait_until(lambda: len(queue.runs(crashed)) > 1, PATIENCE_SECONDS):
        queue.read(crashed).fail("taken up once more", why="not-rescued")
    queue.wait_for_success(crashed)


@check("two-servers")
def each_task_is_run_once(lab: Lab) -> None:
    queue = queue_of(lab)
    with queue.gate.held(), ThreadPoolExecutor(8) as pool:
        tasks = list(pool.map(queue.submit, [1 + number % 2 for number in range(MANY)]))
    for number in (1, 2):
        known = queue.listed(number)
        for task in tasks:
            if task.id not in known:
                queue.read(task, number)

    def all_succeeded() -> bool:
        found = queue.listed()
        return all(found[task.id]["state"] == "succeeded" for task in tasks)

    wait_until(all_succeeded, PATIENCE_SECONDS)
    counts = Counter(run["word"] for run in queue.gate.events("run"))
    for task in tasks:
        if counts[task.word] > 1:
            queue.read(task).fail("one run", why="twice", count=counts[task.word])
    for task in tasks:
        queue.wait_for_success(task)


@check("too-late")
def late_end_does_not_count(lab: Lab) -> None:
    for how, same in (("lease", False), ("lease", True), ("place", False)):
        change_hands(queue_of(lab), how, same)


def change_hands(queue: Queue, how: str, same: bool) -> None:
    """A process loses its task; it is run again, in the same process or in the other one.

    Then the first run ends. There is a free place for the second run in one of the two alone.
    """
    task, *others = (queue.submit(held=True, lose=lose) for lose in (how, None, None, None))
    queue.hold(task, LATE)
    queue.hold(task, 2)
    for one in (task, *others):
        queue.wait_for_run(one)
    first = queue.runs(task)[0]["pid"]
    room = next(one for one in others if (queue.runs(one)[0]["pid"] == first) is same)
    queue.let_go(room)
    queue.wait_for_success(room)
    started = queue.read(task).json["started_at"]
    queue.let_go(task)
    queue.wait_for_run(task, 2)
    following = queue.submit()  # is taken up in the place of the first run: then that has ended
    queue.let_go(task, LATE)
    queue.wait_for_run(following)
    late = {"state": "running", "result": None}
    queue.read(task).expect(200, late, why="too-late")
    queue.read(task).expect(200, {"started_at": started}, why="start-moved")
    queue.let_go(task, 2)
    queue.wait_for_success(task)
    for one in others:
        if one is not room:
            queue.let_go(one)
            queue.wait_for_success(one)
