"""Chapter 07: the grader holds tasks, and sees what is answered meanwhile."""

from functools import cache
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from learn.grading.exchange import Json
from learn.grading.gate import wait_until
from learn.grading.lab import Exchange, Lab, Server, check

TASKS = "/v1/tasks"
PROBE = f"{TASKS}/probe"
UPLOAD = f"{TASKS}/batch-prediction"
LIVE = "/health/live"
PROBLEM_JSON = "application/problem+json"
WAITING = ("queued", "running")
FINAL = ("succeeded", "failed", "dead", "cancelled")
PATIENCE_SECONDS = 5
NEIGHBOURS = 1_000  # ids this close to each other come from a counter
APP = "chapters.ch07_background.kind:app"  # it has the kind `probe`
SETTINGS = {
    "MODELS": "learn.grading.probe:MODELS",
    "TASK_POLL_SECONDS": 60,  # so long that nothing starts without a kick
    "TASK_LEASE_SECONDS": 0.5,  # a cancelled task learns of it at the next renewal
    "TASK_BACKOFF_SECONDS": 0.01,
    "TASK_MAX_ATTEMPTS": 2,
}


@cache
def app(lab: Lab) -> Server:
    """Return the server that the checks share."""
    return lab.keep(APP, **SETTINGS)


def post(
    lab: Lab, body: Json, headers: dict[str, str] | None = None, path: str = PROBE
) -> Exchange:
    """Submit a task, and expect it to be accepted."""
    answer = app(lab).send("POST", path, body, headers, PATIENCE_SECONDS)
    if answer.status == 0:
        answer.fail("202, while the task is held", why="inline")
    if answer.status == 200:
        answer.fail("202", why="not-202")
    answer.expect(202, {"id": ..., "state": ...}, why="accepted")
    if answer.json["state"] not in WAITING:
        answer.fail("202 with a task that is queued or running", why="inline")
    return answer


def submit(lab: Lab, end: str = "return") -> tuple[str, str]:
    """Submit a task, and return its id and its word."""
    word = lab.word()
    return post(lab, {"word": word, "end": end}).json["id"], word


def read(lab: Lab, task_id: str) -> Exchange:
    """Read the task in its current state."""
    answer = app(lab).get(f"{TASKS}/{task_id}", seconds=PATIENCE_SECONDS)
    if answer.status == 404:
        answer.fail("200, because a client was given this id", why="no-record")
    return answer.expect(200, {"id": task_id, "state": ...}, why="read")


def starts(lab: Lab, word: str) -> list[Json]:
    """Return every attempt at the task with this word."""
    return [event for event in app(lab).gate.events("start") if event["word"] == word]


def wait_for_start(lab: Lab, task_id: str, word: str) -> None:
    """Wait until the task has started."""
    if not wait_until(lambda: bool(starts(lab, word)), PATIENCE_SECONDS):
        read(lab, task_id).fail("running", why="not-started")


def abandoned(lab: Lab, task_id: str) -> bool:
    """Tell whether an exception escaped from the runner: then only the engine logged it."""
    return any(
        line.get("event") == "task_engine_error" and line.get("task_id") == task_id
        for line in app(lab).log
    )


def ended(lab: Lab, task_id: str) -> Exchange:
    """Return the task once it has ended, or as it is after a while."""

    def over() -> bool:
        return read(lab, task_id).json["state"] in FINAL or abandoned(lab, task_id)

    wait_until(over, PATIENCE_SECONDS)
    answer = read(lab, task_id)
    if answer.json["state"] not in FINAL:
        why = "for-ever" if app(lab).gate.events("start") else "not-started"
        answer.fail("a task that has ended", why=why, state=answer.json["state"])
    return answer


def demand_problem(answer: Exchange, status: int, why: str) -> None:
    """Demand a problem with this status."""
    answer.expect(status, {"status": status}, why=why)
    if not answer.headers.get("content-type", "").startswith(PROBLEM_JSON):
        answer.fail(f"{status} with Content-Type: {PROBLEM_JSON}", why=why)


def newest(lab: Lab) -> list[str]:
    """Return the ids of the newest tasks."""
    answer = app(lab).get(f"{TASKS}?limit=100").expect(200, {"items": ...}, why="read")
    return [item["id"] for item in answer.json["items"]]


@check("accepted")
def answer_does_not_wait(lab: Lab) -> None:
    with app(lab).gate.hold():
        answer = post(lab, {"word": lab.word()})
        answer.expect(202, {"kind": "probe", "result": None, "problem": None}, why="accepted")


@check("location")
def client_is_told_where_to_ask(lab: Lab) -> None:
    answer = post(lab, {"word": lab.word()})
    demand_location(answer)
    seconds = answer.headers.get("retry-after", "missing")
    if not seconds.isascii() or not seconds.isdigit() or int(seconds) < 1:
        answer.fail("202 with Retry-After: 1", why="retry-after", found=seconds)


def demand_location(answer: Exchange) -> None:
    """Demand that the header leads to the task; a whole URL will do as well."""
    location = answer.headers.get("location")
    expected = f"{TASKS}/{answer.json['id']}"
    if not location:
        answer.fail(f"202 with Location: {expected}", why="no-location")
    if urlsplit(urljoin(answer.url, location)).path != expected:
        answer.fail(f"202 with Location: {expected}", why="other-location", location=location)


@check("running")
def work_is_done_beside_the_requests(lab: Lab) -> None:
    with app(lab).gate.hold():
        task_id, word = submit(lab)
        wait_for_start(lab, task_id, word)
        in_loop = starts(lab, word)[0]["main_thread"]
        live = app(lab).get(LIVE, seconds=1 if in_loop else PATIENCE_SECONDS)
        if live.status != 200:
            live.fail("200, while a task is held", why="blocked")
        read(lab, task_id).expect(200, {"state": "running", "result": None}, why="state")


@check("succeeded")
def result_is_kept(lab: Lab) -> None:
    task_id, word = submit(lab)
    result = {"word": word, "letters": len(word)}
    answer = ended(lab, task_id)
    answer.expect(200, {"state": "succeeded", "result": result, "problem": None}, why="result")
    if len(starts(lab, word)) > 1:
        answer.fail("one run", why="twice")


@check("unknown-id")
def unknown_is_not_pending(lab: Lab) -> None:
    for task_id in (UUID(int=lab.random.getrandbits(128), version=4), UUID(int=0)):
        answer = app(lab).get(f"{TASKS}/{task_id}")
        demand_problem(answer, 404, "unknown" if answer.status != 500 else "broken")
    for word in (lab.word(), str(lab.random.randint(1, 99))):
        answer = app(lab).get(f"{TASKS}/{word}")
        demand_problem(answer, 422, "malformed")


@check("ids")
def ids_are_no_count(lab: Lab) -> None:
    one, other = (UUID(submit(lab)[0]) for _ in range(2))
    if abs(one.int - other.int) < NEIGHBOURS:
        read(lab, str(other)).fail(f"an id that does not follow from {one}", why="count")


@check("payload")
def wrong_payload_leaves_nothing(lab: Lab) -> None:
    before = newest(lab)
    number = lab.random.randint(1, 99)
    for body in ({}, {"word": number}, {"word": lab.word(), lab.word(): number}, [number]):
        answer = app(lab).post(PROBE, body)
        demand_problem(answer, 422, "payload")
        if newest(lab) != before:
            answer.fail("422, and no task", why="left-behind")
    kind = lab.word()
    answer = app(lab).post(f"{TASKS}/{kind}", {"word": lab.word()})
    demand_problem(answer, 404, "kind")
    if newest(lab) != before:
        answer.fail("404, and no task", why="left-behind")


@check("sent-twice")
def key_makes_one_task(lab: Lab) -> None:
    body = {"word": lab.word()}
    key = {"Idempotency-Key": lab.word()}
    first = post(lab, body, key)
    again = app(lab).send("POST", PROBE, body, key, PATIENCE_SECONDS)  # it may have ended by now
    if again.status != 202 or again.json["id"] != first.json["id"]:
        again.fail(f"202 with the task {first.json['id']}", why="key")
    demand_problem(app(lab).post(PROBE, {"word": lab.word()}, key), 409, "key-reused")


@check("upload")
def upload_is_accepted_alike(lab: Lab) -> None:
    server = app(lab)
    edge = lab.word(20)
    head = f"--{edge}\r\n"
    head += 'Content-Disposition: form-data; name="file"; filename="flowers.csv"\r\n\r\n'
    flower = lab.flower(sepal_length_cm=7.0)
    lines = [",".join(flower), ",".join(map(str, flower.values())), f"--{edge}--\r\n"]
    body = (head + "\r\n".join(lines)).encode()
    with server.gate.hold():
        before = len(server.gate.events("predict"))
        media = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        answer = post(lab, body, media, UPLOAD)
        demand_location(answer)
        if not server.gate.wait_for("predict", before + 1, PATIENCE_SECONDS):
            read(lab, answer.json["id"]).fail("running", why="not-started")
    ended(lab, answer.json["id"]).expect(200, {"state": "succeeded"}, why="result")


@check("failed")
def refusal_is_told_in_its_own_words(lab: Lab) -> None:
    task_id, word = submit(lab, "refuse")
    problem = {
        "type": "urn:problem:RefusedProbe",
        "title": "Refused Probe",
        "detail": f"The word {word} cannot be used.",
    }
    answer = ended(lab, task_id)
    why = "lost" if answer.json["state"] == "succeeded" else "failed"
    answer.expect(200, {"state": "failed", "result": None, "problem": problem}, why=why)
    if len(starts(lab, word)) > 1:
        answer.fail("one attempt", why="useless")


@check("dead")
def crash_is_tried_again_and_told_to_the_operator(lab: Lab) -> None:
    for end in ("crash", "exit"):
        crash(lab, end)


def crash(lab: Lab, end: str) -> None:
    """Run a task that always crashes: tried twice, then dead, its text only in the log."""
    task_id, word = submit(lab, end)
    wait_until(lambda: read(lab, task_id).json["attempts"] > 0, PATIENCE_SECONDS)

    def over() -> bool:
        task = read(lab, task_id).json
        if task["state"] == "queued":  # waits for its second attempt, until the next kick
            ended(lab, submit(lab)[0])
        return task["state"] in FINAL or abandoned(lab, task_id)

    wait_until(over, PATIENCE_SECONDS)
    answer = read(lab, task_id)
    if answer.json["state"] not in FINAL:
        why = "exit" if end == "exit" else "for-ever"
        answer.fail("dead, after 2 attempts", why=why, state=answer.json["state"])
    why = "lost" if answer.json["state"] == "succeeded" else "crash"
    answer.expect(200, {"state": "dead", "result": None, "problem": {"detail": ...}}, why=why)
    if len(starts(lab, word)) != SETTINGS["TASK_MAX_ATTEMPTS"]:
        answer.fail("2 attempts", why="crash")
    if word in answer.body.decode():
        answer.fail("a problem without the text of the exception", why="leak", secret=word)
    if word not in app(lab).log_text:
        answer.fail("the exception in the log", why="silent")


@check("cancelled")
def stopping_is_no_failure(lab: Lab) -> None:
    with app(lab).gate.hold():
        task_id, word = submit(lab)
        wait_for_start(lab, task_id, word)
        app(lab).send("DELETE", f"{TASKS}/{task_id}").expect(200, why="read")
        answer = ended(lab, task_id)
        answer.expect(200, {"state": "cancelled", "result": None, "problem": None}, why="cancelled")
