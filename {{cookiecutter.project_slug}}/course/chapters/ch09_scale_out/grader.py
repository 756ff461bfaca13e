"""Chapter 09: the API, three workers, and the grader, which carries messages between brokers.

The API's broker is a folder, and so is each worker's, but they are different folders. So the grader
knows what was sent, and decides which worker gets it, when, and how often.
"""

import base64
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache, cached_property
from pathlib import Path
from uuid import uuid4

from learn.grading.exchange import Json
from learn.grading.gate import wait_until
from learn.grading.lab import CheckFailed, Exchange, Gate, Lab, Server, check
from learn.grading.process import (
    DATABASE,
    START_SECONDS,
    CannotGrade,
    database_url,
    kill_group,
    start,
    why_it_ended,
)

APP = "chapters.ch09_scale_out.kind:app"  # it has the kind `probe`
WORKER = "chapters.ch09_scale_out.worker"
PROBE = "/v1/tasks/probe"
LIVE = "/health/live"
PATIENCE_SECONDS = 5
STOP_SECONDS = 12  # Celery itself takes five of them
FAST = {
    "TASK_POLL_SECONDS": 0.1,
    "TASK_CONCURRENCY": 1,
}
FINAL = ("succeeded", "failed", "cancelled", "dead")
TOO_LATE = {  # a message that a worker throws away
    "body": base64.b64encode(b"[[], {}, {}]").decode(),
    "headers": {"task": "app.tasks.run", "id": "", "expires": "2000-01-01T00:00:00+00:00"},
    "content-type": "application/json",
    "content-encoding": "utf-8",
    "properties": {
        "body_encoding": "base64",
        "delivery_tag": "",
        "delivery_info": {"exchange": "", "routing_key": "none"},
    },
}


class Worker:
    """A Celery worker with a broker folder of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", work: Path, app: Path) -> None:
        self.process = process
        self.gate = Gate(work / "probe")
        self.broker = work / "broker"
        self._work, self._app = work, app

    def wait_until_up(self) -> None:
        """Wait until its process for tasks is there: the second one that loads the model."""
        loads = self.gate.events
        ended = self.process.poll
        wait_until(lambda: len(loads("load")) > 1 or ended() is not None, START_SECONDS)
        if ended() is not None:
            log = (self._work / "log").read_text("utf-8", "replace")
            raise why_it_ended(log, self.process.wait(), self._app)
        if len(loads("load")) < 2:
            raise CannotGrade(f"The worker did not start within {START_SECONDS} seconds.")

    def starts(self, word: str) -> int:
        """Return how often it has started the task with this word."""
        return sum(event["word"] == word for event in self.gate.events("start"))

    def tell_to_stop(self) -> None:
        """Send SIGTERM. Celery notices it when a message comes, or when its wait for one ends."""
        self.process.terminate()
        for number in range(3):
            draft = self.broker / "draft"
            draft.write_text(json.dumps(TOO_LATE), "utf-8")
            draft.rename(self.broker / f"{number}.tasks.msg")


class Site:
    """The API and the workers; one of them starts along with the API, because that takes time."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.work = lab.new_work()
        self.broker = self.work / "broker"
        self.database = self.work / DATABASE
        self.first = self._new_worker(SHUTDOWN_SECONDS=1)
        self.api = lab.enter(running_api(lab, self.work))
        self.second = self._new_worker()
        self.waiting: list[tuple[str, str]] = []  # the id and the word of each task so far

    @cached_property
    def third(self) -> Worker:
        """One more worker, started when it is first needed."""
        return self._new_worker()

    @cached_property
    def handed_back(self) -> str:
        """The id of a task during which the first worker is told to stop."""
        (self.first.gate.folder / "hold").touch()  # for good
        task_id, _ = self.start(self.first)
        self.first.tell_to_stop()
        return task_id

    def submit(self) -> tuple[str, str]:
        """Submit a task, and return its id and its word."""
        word = self._lab.word()
        answer = self.api.post(PROBE, {"word": word})
        answer.expect(202, {"state": "queued"}, why="accepted" if answer.status else "blocked")
        return answer.json["id"], word

    def read(self, task_id: str) -> Exchange:
        """Read the task from the API."""
        answer = self.api.get(f"/v1/tasks/{task_id}", seconds=PATIENCE_SECONDS)
        return answer.expect(200, why="accepted" if answer.status else "blocked")

    def wait_for_end(self, *task_ids: str) -> None:
        """Wait until these tasks have ended, but only for a while."""
        wait_until(
            lambda: all(self.read(one).json["state"] in FINAL for one in task_ids), PATIENCE_SECONDS
        )

    def message(self, task_id: str) -> Path | None:
        """Return the message at the API's broker that names this task."""
        paths = sorted(self.broker.glob("*.msg"))
        return next((path for path in paths if task_id in path.read_text("utf-8")), None)

    def deliver(
        self, task_id: str, worker: Worker, copies: int = 1, missing: str = "not-announced"
    ) -> None:
        """Carry a task's message to a worker once it is there; otherwise fail for this reason."""
        wait_until(lambda: self.message(task_id) is not None, PATIENCE_SECONDS)
        path = self.message(task_id)
        if not path:
            self.read(task_id).fail("a message at the broker", why=missing)
        for number in range(1, copies):
            draft = Path(shutil.copy(path, worker.broker / "draft"))
            draft.rename(worker.broker / f"{number}-{path.name}")
        path.rename(worker.broker / path.name)

    def start(self, worker: Worker) -> tuple[str, str]:
        """Make a worker start a task, and return its id and its word."""
        task_id, word = self.submit()
        self.deliver(task_id, worker)
        self.wait_for_start(task_id, word, worker)
        return task_id, word

    def wait_for_start(self, task_id: str, word: str, worker: Worker) -> None:
        """Wait until the worker has started the task; fail if it does not."""
        if not wait_until(lambda: worker.starts(word) > 0, PATIENCE_SECONDS):
            self.read(task_id).fail("running", why="not-run")

    @contextmanager
    def slow_broker(self) -> Iterator[None]:
        """Keep the API's messages from reaching its broker for as long as this lasts."""
        hold = self.api.gate.folder / "hold-broker"
        hold.touch()
        try:
            yield
        finally:
            hold.unlink()

    def lease(self, task_id: str) -> tuple[Json, ...]:
        """Return who has the task, without a doubt, at which attempt, and until when."""
        owner = "CASE WHEN silent = 0 THEN owner END"  # `silent`: the lease has run out once
        select = f"SELECT {owner}, attempts, lease_ends_at FROM tasks WHERE id = ?"  # noqa: S608
        with closing(sqlite3.connect(self.database, timeout=PATIENCE_SECONDS)) as database:
            found: tuple[Json, ...] = database.execute(select, [task_id]).fetchone()
        return found

    def _new_worker(self, **settings: object) -> Worker:
        return self._lab.enter(running_worker(self._lab, self.work, **settings))


@contextmanager
def running_api(lab: Lab, work: Path) -> Iterator[Server]:
    """Run the API, and kill it at the end, because a wrong solution may keep it from stopping."""
    settings = FAST | {
        "TASK_ENGINE": "celery",
        "TASK_BROKER_URL": f"filesystem://{work.relative_to(lab.folder)}/broker",
        # so long that a late announcement cannot be a repeated one
        "TASK_LEASE_SECONDS": 60,
    }
    with lab.serve(work, APP, **settings) as server:
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def running_worker(lab: Lab, api_work: Path, **more: object) -> Iterator[Worker]:
    """Run a worker on the API's database, and kill it at the end with all its child processes."""
    work = lab.new_work()
    (work / "broker").mkdir(parents=True)
    settings = FAST | {
        "TASK_BROKER_URL": f"filesystem://{work.relative_to(lab.folder)}/broker",
        "DATABASE_URL": database_url(api_work),
        "TASK_LEASE_SECONDS": 1,
        "TMPDIR": work,  # what a killed worker leaves there is removed with the run
    }
    command = [sys.executable, "-m", WORKER]
    process = start(command, lab.folder, work, settings | more, own_group=True)
    try:
        yield Worker(process, work, lab.folder)
    finally:
        kill_group(process)


@cache
def site_of(lab: Lab) -> Site:
    """Return the site that the checks share."""
    if sys.platform == "win32":
        raise CannotGrade("Celery's workers do not run on Windows; use WSL for this chapter.")
    return Site(lab)


def arguments(text: str) -> list[Json]:
    """Return the arguments that a message has for the worker's function."""
    given, named, *_ = json.loads(base64.b64decode(json.loads(text)["body"]))
    return [*given, *named.values()]


@check("announced")
def task_is_announced(lab: Lab) -> None:
    site = site_of(lab)
    ran = site.api.gate.events
    task_id, word = site.submit()
    site.waiting.append((task_id, word))
    wait_until(lambda: bool(site.message(task_id) or ran("start")), PATIENCE_SECONDS)
    task = site.read(task_id)
    if ran("start"):
        task.fail("queued, because there is no worker", why="inline")
    if not site.message(task_id):
        raise CheckFailed("not-announced", sent=f"POST {PROBE}", got="no message", expected="one")
    task.expect(200, {"state": "queued", "attempts": 0}, why="accepted")
    site.api.get(f"/v1/tasks/{uuid4()}").expect(404, why="unknown")


@check("loop-is-free")
def announcing_holds_nobody_up(lab: Lab) -> None:
    site = site_of(lab)
    sent = site.api.gate.events
    before = len(sent("send"))
    with site.slow_broker():
        site.waiting.append(site.submit())
        wait_until(lambda: len(sent("send")) > before, PATIENCE_SECONDS)
        live = site.api.get(LIVE, seconds=PATIENCE_SECONDS)
        if live.status != 200:
            live.fail("200, while a message is on its way to the broker", why="blocked")


@check("id-alone")
def message_is_the_id_alone(lab: Lab) -> None:
    site = site_of(lab)
    task_id, word = site.waiting[0]
    path = site.message(task_id)
    if not path:
        raise CheckFailed("not-announced", sent=f"POST {PROBE}", got="no message", expected="one")
    text = path.read_text("utf-8")
    kind = json.loads(text)["content-type"]
    if kind != "application/json":
        raise CheckFailed("not-json", got=kind, expected="application/json")
    if arguments(text) != [task_id] or word in text:
        got = json.dumps(arguments(text))
        raise CheckFailed("more-than-the-id", got=got, expected=json.dumps([task_id]))


@check("all-announced")
def tasks_are_announced_later(lab: Lab) -> None:
    site = site_of(lab)
    away = site.broker.rename(site.broker.with_name("away"))
    tasks = [site.submit() for _ in range(3)]
    site.waiting += tasks
    told = wait_until(lambda: "task_broker_unavailable" in site.api.log_text, PATIENCE_SECONDS)
    away.rename(site.broker)

    def count() -> int:
        return sum(bool(site.message(task_id)) for task_id, _ in tasks)

    if not wait_until(lambda: count() == len(tasks), PATIENCE_SECONDS):
        sent, got = f"3 times POST {PROBE}", f"{count()} messages"
        raise CheckFailed("left-behind", sent=sent, got=got, expected="3", count=count())
    if not told:
        got = "no word of it in the log"
        raise CheckFailed("swallowed", sent=f"POST {PROBE}", got=got, expected="a warning")


@check("another-process")
def another_process_runs_it(lab: Lab) -> None:
    site = site_of(lab)
    worker = site.first
    worker.wait_until_up()
    # the latest first: a claim must take the task that is named, not the oldest
    for task_id, word in reversed(site.waiting):
        site.deliver(task_id, worker)
        site.wait_for_start(task_id, word, worker)
    site.wait_for_end(*(task_id for task_id, _ in site.waiting))
    pids = [event["pid"] for event in worker.gate.events("start")]
    for task_id, word in site.waiting:
        ended = {"state": "succeeded", "result": {"word": word, "pid": ...}}
        task = site.read(task_id).expect(200, ended, why="not-kept")
        if task.json["result"]["pid"] not in pids:
            task.fail("a pid other than that of the API", why="inline")


@check("once")
def message_that_comes_again(lab: Lab) -> None:
    site = site_of(lab)
    # started here for later checks, because they take a while
    assert site.handed_back  # noqa: S101
    later = site.third
    worker = site.second
    task_id, word = site.submit()
    following, _ = site.submit()
    worker.wait_until_up()
    site.deliver(task_id, worker, copies=3)
    site.deliver(following, worker)
    site.wait_for_end(task_id, following)
    site.read(following).expect(200, {"state": "succeeded"}, why="stuck")
    task = site.read(task_id).expect(200, {"state": "succeeded", "attempts": 1}, why="twice")
    if worker.starts(word) + later.starts(word) != 1:
        task.fail("one start", why="twice")


@check("keeps-its-lease")
def lease_is_kept(lab: Lab) -> None:
    site = site_of(lab)
    worker = site.second
    with worker.gate.hold():
        task_id, _ = site.start(worker)
        owner, attempt, end = site.lease(task_id)
        wait_until(lambda: site.lease(task_id) != (owner, attempt, end), PATIENCE_SECONDS)
        now = site.lease(task_id)
        if owner is None or now[:2] != (owner, attempt) or now[2] <= end:
            site.read(task_id).fail("running, at its first attempt", why="lease")
    site.wait_for_end(task_id)
    site.read(task_id).expect(200, {"state": "succeeded", "attempts": 1}, why="lease")


@check("survives-kill")
def task_survives_its_worker(lab: Lab) -> None:
    site = site_of(lab)
    worker = site.second
    with worker.gate.hold():
        task_id, word = site.start(worker)
        kill_group(worker.process)
    site.third.wait_until_up()
    site.deliver(task_id, site.third, missing="not-again")
    site.wait_for_end(task_id)
    task = site.read(task_id).expect(200, {"state": "succeeded"}, why="not-again")
    task.expect(200, {"attempts": 2, "result": {"word": word, "pid": ...}}, why="attempts")


@check("hands-back")
def stopped_worker_hands_back(lab: Lab) -> None:
    site = site_of(lab)
    task_id = site.handed_back
    process = site.first.process
    if not wait_until(lambda: process.poll() is not None, STOP_SECONDS):
        raise CheckFailed("does-not-stop", sent="SIGTERM", got="still running", expected="an end")
    site.third.wait_until_up()
    site.deliver(task_id, site.third)
    site.wait_for_end(task_id)
    site.read(task_id).expect(200, {"state": "succeeded", "attempts": 1}, why="hands-back")
    if process.returncode != 0:
        got = f"status {process.returncode}"
        raise CheckFailed("does-not-stop", sent="SIGTERM", got=got, expected="status 0")
