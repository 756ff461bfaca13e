"""The task routes, as a client sees them."""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import randbytes
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from app.storage.calls import Call
from app.storage.connection import StorageUnavailableError
from app.tasks.kinds.upload import ROWS_PER_PIECE
from app.tasks.schemas import Task
from tests.conftest import LOCAL
from tests.fakes import CARD, FLOWER, HEADER, csv_row
from tests.storage.helpers import Changed, Direct
from tests.tasks.helpers import FAR, wait_for

SHORT, LONG = csv_row(), csv_row(sepal_length_cm=7)
CSV = f"{HEADER}\n{SHORT}\n{LONG}\n"
WAIT = "/v1/tasks/wait"
BATCH = "/v1/tasks/batch-prediction"
NOBODY = UUID(int=0)  # the same in every process, because names of tests contain it


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"task_poll_seconds": 0.05, "task_concurrency": 2})


def idle_app(settings: Settings) -> FastAPI:
    """Return an app that accepts tasks and runs none, because it never finds one to claim."""
    return create_app(settings, open_storage=lambda s: Changed(s, {"claim": lambda _: []}))


@pytest.fixture
def idle(settings: Settings) -> Iterator[TestClient]:
    """Yield a client of such an app."""
    with TestClient(idle_app(settings), base_url=LOCAL) as client:
        yield client


def submit(client: TestClient, seconds: float = 0, **headers: str) -> dict[str, Any]:
    answer = client.post(WAIT, json={"seconds": seconds}, headers=headers)
    assert answer.status_code == 202, answer.text
    task: dict[str, Any] = answer.json()
    return task


def upload(client: TestClient, text: str = CSV, **headers: str) -> httpx2.Response:
    files = {"file": ("flowers.csv", text.encode(), "text/csv")}
    return client.post(BATCH, files=files, headers=headers)


def read(client: TestClient, task: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/tasks/{task['id']}").raise_for_status().json()
    return found


def wait_for_state(client: TestClient, task: dict[str, Any], state: str) -> dict[str, Any]:
    wait_for(lambda: read(client, task)["state"] == state)
    return read(client, task)


def listed(client: TestClient, **params: str) -> list[str]:
    page = client.get("/v1/tasks", params=params).raise_for_status().json()
    return [task["id"] for task in page["items"]]


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    return body


# accepted


def test_an_accepted_task_says_where_it_is_and_ends(client: TestClient) -> None:
    answer = client.post(WAIT, json={"seconds": 0})
    task = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/tasks/{task['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert (task["kind"], task["state"], task["attempts"]) == ("wait", "queued", 0)
    done = wait_for_state(client, task, "succeeded")
    assert (done["result"], done["progress"], done["attempts"]) == ({"waited_seconds": 0}, 1, 1)
    created, started, finished = (
        datetime.fromisoformat(done[f"{what}_at"]) for what in ("created", "started", "finished")
    )
    assert created <= started <= finished
    assert done["problem"] is None


def test_an_accepted_task_does_not_wait_for_the_next_poll(settings: Settings) -> None:
    lazy = settings.model_copy(update={"task_poll_seconds": FAR})
    with TestClient(create_app(lazy), base_url=LOCAL) as client:
        for accepted in (client.post(WAIT, json={"seconds": 0}), upload(client)):
            wait_for_state(client, accepted.json(), "succeeded")


def test_accepted_tasks_survive_a_restart(idle: TestClient, settings: Settings) -> None:
    task = submit(idle)
    with TestClient(idle_app(settings), base_url=LOCAL) as after:
        assert read(after, task) == task


@pytest.mark.parametrize(
    ("body", "pointer", "rule"),
    [
        ({"seconds": True}, "/seconds", "float_type"),
        ({"seconds": "1"}, "/seconds", "float_type"),
        ({"seconds": None}, "/seconds", "float_type"),
        ({"seconds": -0.1}, "/seconds", "greater_than_equal"),
        ({"seconds": 3601}, "/seconds", "less_than_equal"),
        ({"seconds": 1, "more": 2}, "/more", "extra_forbidden"),
        ({}, "/seconds", "missing"),
        ([{"seconds": 1}], "", "dict_type"),
        ("seconds", "", "dict_type"),
    ],
)
def test_a_payload_that_breaks_the_kinds_rules_is_refused(
    idle: TestClient, body: object, pointer: str, rule: str
) -> None:
    (error,) = problem(idle.post(WAIT, json=body), 422)["errors"]
    assert (error["location"], error["pointer"], error["rule"]) == ("body", pointer, rule)
    assert listed(idle) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_not_a_number_is_refused(idle: TestClient, number: str) -> None:
    body = f'{"{"}"seconds": {number}{"}"}'
    answer = idle.post(WAIT, content=body, headers={"Content-Type": "application/json"})
    (error,) = problem(answer, 422)["errors"]
    assert error["pointer"] == "/seconds"
    assert number not in answer.text


def test_a_body_that_is_not_json_is_refused(idle: TestClient) -> None:
    answer = idle.post(WAIT, content="{", headers={"Content-Type": "application/json"})
    assert problem(answer, 422)["errors"][0]["location"] == "body"


def test_an_unknown_kind(idle: TestClient) -> None:
    answer = idle.post("/v1/tasks/nothing", json={"seconds": 1})
    assert problem(answer, 404)["type"] == "urn:problem:UnknownKind"


@pytest.mark.parametrize("route", ["", "/events", "/result"])
def test_an_unknown_task(idle: TestClient, route: str) -> None:
    answer = idle.get(f"/v1/tasks/{uuid4()}{route}")
    assert problem(answer, 404)["type"] == "urn:problem:TaskNotFound"
    assert problem(idle.get(f"/v1/tasks/17{route}"), 422)["errors"][0]["location"] == "path"


def test_an_unknown_task_cannot_be_cancelled(idle: TestClient) -> None:
    assert problem(idle.delete(f"/v1/tasks/{uuid4()}"), 404)["type"] == "urn:problem:TaskNotFound"


# the same request again


def test_the_same_request_sent_again_gives_the_same_task(idle: TestClient) -> None:
    key = {"Idempotency-Key": "order-17"}
    first = submit(idle, 1, **key)
    again = idle.post(WAIT, json={"seconds": 1.0}, headers=key)
    assert (again.status_code, again.json()) == (202, first)
    assert again.headers["Location"] == f"/v1/tasks/{first['id']}"
    assert listed(idle) == [first["id"]]


def test_a_key_with_another_request_is_refused(idle: TestClient) -> None:
    key = {"Idempotency-Key": "order-17"}
    first = submit(idle, 1, **key)
    for answer in (
        idle.post(WAIT, json={"seconds": 2}, headers=key),
        upload(idle, **key),
    ):
        assert problem(answer, 409)["type"] == "urn:problem:IdempotencyConflict"
    assert listed(idle) == [first["id"]]


def test_an_upload_sent_again_gives_the_same_task(idle: TestClient) -> None:
    key = {"Idempotency-Key": "flowers"}
    first, again = upload(idle, **key), upload(idle, **key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert problem(upload(idle, CSV + "5,3,1,1\n", **key), 409)


def test_fifty_at_once_with_one_key_are_one_task(client: TestClient) -> None:
    key = {"Idempotency-Key": "order-17"}
    with ThreadPoolExecutor(50) as threads:
        tasks = list(threads.map(lambda _: submit(client, 0, **key), range(50)))
    assert len({task["id"] for task in tasks}) == 1
    assert listed(client) == [tasks[0]["id"]]
    assert wait_for_state(client, tasks[0], "succeeded")["attempts"] == 1


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256])
def test_what_cannot_be_a_key_is_refused(idle: TestClient, key: str) -> None:
    headers = httpx2.Headers([(b"Idempotency-Key", key.encode())])
    answer = idle.post(WAIT, json={"seconds": 1}, headers=headers)
    assert problem(answer, 422)["errors"][0]["location"] == "header"


# listed


def test_pages(idle: TestClient) -> None:
    made = [submit(idle)["id"] for _ in range(5)]
    ids: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = idle.get("/v1/tasks", params=params).json()
        ids += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (ids, cursor) == (made[::-1], None)


def test_a_list_may_be_of_one_state_and_kind(idle: TestClient) -> None:
    waiting, cancelled = submit(idle)["id"], submit(idle)["id"]
    batch = upload(idle).json()["id"]
    idle.delete(f"/v1/tasks/{cancelled}")
    assert listed(idle, state="cancelled") == [cancelled]
    assert listed(idle, state="queued") == [batch, waiting]
    assert listed(idle, kind="batch-prediction") == [batch]
    assert listed(idle, kind="wait", state="queued") == [waiting]
    assert listed(idle, kind="nothing") == []


@pytest.mark.parametrize(
    "params",
    [
        {"state": "pending"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "99999999999999999999"},
        {"cursor": "17"},
        {"kind": "\x00"},
        {"kind": "x" * 65},
    ],
)
def test_an_impossible_list_is_refused(idle: TestClient, params: dict[str, str]) -> None:
    (error,) = problem(idle.get("/v1/tasks", params=params), 422)["errors"]
    assert (error["location"], error["pointer"]) == ("query", f"/{next(iter(params))}")


def test_an_unknown_cursor(idle: TestClient) -> None:
    problem(idle.get("/v1/tasks", params={"cursor": str(uuid4())}), 404)


# watched


def events(answer: httpx2.Response) -> list[tuple[str, dict[str, Any]]]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.replace("\r\n", "\n").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_events_tell_of_each_change_until_the_end(client: TestClient) -> None:
    client.app_state["tasks"].watch_seconds = 0.01
    task = submit(client, 1)
    seen = events(client.get(f"/v1/tasks/{task['id']}/events"))
    assert [data["id"] for _, data in seen] == [task["id"]] * len(seen)
    assert all(event == data["state"] for event, data in seen)
    assert [event for event, _ in seen][-2:] == ["running", "succeeded"]
    parts = [data["progress"] for _, data in seen]
    assert parts == sorted(parts)
    assert len(set(parts)) > 2
    assert seen[-1][1] == read(client, task)
    assert all(before != after for before, after in pairwise(seen))


def test_a_task_that_has_ended_has_one_event(idle: TestClient) -> None:
    task = submit(idle)
    cancelled = idle.delete(f"/v1/tasks/{task['id']}").json()
    answer = idle.get(f"/v1/tasks/{task['id']}/events")
    assert events(answer) == [("cancelled", cancelled)]


def test_a_browser_that_comes_back_after_the_last_event_is_told_to_stop(idle: TestClient) -> None:
    """It comes back at each end of the stream, with the last id; only a 204 ends that."""
    task = submit(idle)
    path = f"/v1/tasks/{task['id']}/events"
    engine = idle.app_state["tasks"].engine
    engine.stopping.set()  # ends the stream of a task that goes on
    queued = last_id(idle.get(path))
    again = idle.get(path, headers={"Last-Event-ID": queued})
    assert (again.status_code, again.text) == (200, "")  # nothing new, but something may come
    idle.delete(f"/v1/tasks/{task['id']}")
    later = idle.get(path, headers={"Last-Event-ID": queued})
    assert [event for event, _ in events(later)] == ["cancelled"]
    done = idle.get(path, headers={"Last-Event-ID": last_id(later)})
    assert (done.status_code, done.text) == (204, "")
    assert idle.get(path, headers={"Last-Event-ID": "of-another-task"}).status_code == 200


def last_id(answer: httpx2.Response) -> str:
    """Return the id of the last event."""
    (*_, last) = re.finditer(r"^id: (\w+)$", answer.text, re.M)
    return last[1]


def test_events_end_when_the_service_stops(idle: TestClient) -> None:
    task = submit(idle)
    idle.app_state["tasks"].engine.stopping.set()
    assert events(idle.get(f"/v1/tasks/{task['id']}/events")) == [("queued", task)]


# a file in, a file out


def test_a_csv_comes_back_with_its_answers(client: TestClient) -> None:
    accepted = upload(client)
    assert accepted.status_code == 202
    assert accepted.headers["Location"] == f"/v1/tasks/{accepted.json()['id']}"
    assert accepted.headers["Retry-After"] == "1"
    task = wait_for_state(client, accepted.json(), "succeeded")
    assert task["result"] == {"model": "flower", "model_version": CARD.version}
    answer = client.get(f"/v1/tasks/{task['id']}/result")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = f"batch-prediction-{task['id']}.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["label"] for row in rows] == ["short", "long"]
    assert [row["sepal_length_cm"] for row in rows] == [str(FLOWER["sepal_length_cm"]), "7"]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("flowers", "application/octet-stream"),
        ("flowers.jsonl", "text/plain"),
        ("flowers", "application/x-ndjson"),
        ("flowers", "application/jsonl"),
    ],
)
def test_json_lines_come_back_with_their_answers(
    client: TestClient, name: str, media_type: str
) -> None:
    body = "".join(f"{json.dumps(FLOWER | {'id': n})}\n" for n in range(3))
    accepted = client.post(BATCH, files={"file": (name, body, media_type)})
    task = wait_for_state(client, accepted.json(), "succeeded")
    assert task["result"]["format"] == "jsonl"
    answer = client.get(f"/v1/tasks/{task['id']}/result")
    assert answer.headers["content-type"] == "application/x-ndjson"
    file = f'attachment; filename="batch-prediction-{task["id"]}.jsonl"'
    assert answer.headers["content-disposition"] == file
    rows = [json.loads(line) for line in answer.text.splitlines()]
    alone = client.post("/v1/predict", json=FLOWER).json()
    prediction = {name: alone[name] for name in ("label", "probabilities")}
    assert rows == [FLOWER | {"id": n, "prediction": prediction} for n in range(3)]


@pytest.mark.parametrize(
    ("name", "media_type"), [("a.jsonl", "text/csv"), ("a.csv", "application/x-ndjson")]
)
def test_a_csv_that_is_called_json_lines_is_refused_as_such(
    idle: TestClient, name: str, media_type: str
) -> None:
    refused = idle.post(BATCH, files={"file": (name, CSV, media_type)})
    assert problem(refused, 422)["detail"].startswith("Line 1 is not JSON: ")


def test_each_answer_names_the_version_on_request(client: TestClient) -> None:
    for text in (CSV, json.dumps(FLOWER)):
        file = {"file": ("flowers", text)}
        task = client.post(BATCH, files=file, params={"model_version": "true"}).json()
        wait_for_state(client, task, "succeeded")
        assert CARD.version in client.get(f"/v1/tasks/{task['id']}/result").text


def test_a_file_in_many_pieces_comes_back_whole(client: TestClient) -> None:
    rows = [csv_row(sepal_length_cm=n / 1000) for n in range(1, 3 * ROWS_PER_PIECE)]
    task = wait_for_state(client, upload(client, "\n".join([HEADER, *rows])).json(), "succeeded")
    lines = client.get(f"/v1/tasks/{task['id']}/result").text.splitlines()
    assert [line.rsplit(",", 3)[0] for line in lines] == [HEADER, *rows]


def test_a_bad_row_fails_the_task_and_leaves_no_file(client: TestClient) -> None:
    task = wait_for_state(client, upload(client, CSV + "1,2,3,1_0\n").json(), "failed")
    assert task["problem"] == {
        "type": "urn:problem:BadRow",
        "title": "Bad Row",
        "detail": "Line 4, petal_width_cm: a number has no underscore.",
    }
    answer = client.get(f"/v1/tasks/{task['id']}/result")
    assert problem(answer, 409)["type"] == "urn:problem:NoTaskFile"


def test_a_task_without_a_file_has_no_result_to_download(client: TestClient) -> None:
    task = wait_for_state(client, submit(client), "succeeded")
    answer = client.get(f"/v1/tasks/{task['id']}/result")
    assert problem(answer, 409)["type"] == "urn:problem:NoTaskFile"


def test_a_task_that_has_not_ended_has_no_result_to_download(idle: TestClient) -> None:
    task = upload(idle).json()
    problem(idle.get(f"/v1/tasks/{task['id']}/result"), 409)


def test_a_download_that_is_removed_meanwhile_breaks_off(settings: Settings) -> None:
    changes: dict[str, Callable[[Call], object]] = {}
    app = create_app(settings, open_storage=lambda s: Changed(s, changes))
    with TestClient(app, base_url=LOCAL) as client:
        task = wait_for_state(client, upload(client).json(), "succeeded")
        changes["piece"] = lambda _: None
        with pytest.raises(RuntimeError, match="response already started"):
            client.get(f"/v1/tasks/{task['id']}/result")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", f"{HEADER}\n"])
def test_a_file_that_cannot_be_used_is_refused(idle: TestClient, text: str) -> None:
    assert problem(upload(idle, text), 422)["type"] == "urn:problem:BadUpload"
    assert listed(idle) == []


def test_a_row_of_another_form_is_refused(idle: TestClient) -> None:
    refusal = problem(upload(idle, CSV + "1,2,3\n"), 422)
    assert refusal["type"] == "urn:problem:BadRow"
    assert refusal["detail"] == "Line 4 has 3 values, the header 4."


def test_a_file_whose_result_could_be_too_large_is_refused(settings: Settings) -> None:
    small = settings.model_copy(update={"task_result_bytes": 1_024})
    with TestClient(create_app(small), base_url=LOCAL) as client:
        refusal = problem(upload(client, CSV + f"{SHORT}\n" * 50), 413)
        assert refusal["type"] == "urn:problem:ResultTooLarge"
        assert wait_for_state(client, upload(client).json(), "succeeded")


def test_a_form_without_the_file_is_refused(idle: TestClient) -> None:
    for answer in (
        idle.post(BATCH, files={"other": ("flowers.csv", b"x")}),
        idle.post(BATCH, data={"file": "flowers.csv"}),
        idle.post(BATCH, json={"columns": [], "pieces": 1}),
    ):
        assert problem(answer, 422)["errors"][0]["location"] == "body"


def test_uploads_and_bodies_have_a_maximum_size(settings: Settings) -> None:
    small = settings.model_copy(update={"task_upload_bytes": 4_096, "max_body_bytes": 1_024})
    with TestClient(create_app(small), base_url=LOCAL) as client:
        assert upload(client, CSV + f"{SHORT}\n" * 100).status_code == 202
        problem(upload(client, CSV + f"{SHORT}\n" * 300), 413)
        problem(client.post(WAIT, json={"seconds": 0, "more": "x" * 2_000}), 413)
        assert len(listed(client)) == 1


# cancelled


def test_a_queued_task_is_cancelled_at_once(idle: TestClient) -> None:
    task = submit(idle)
    answer = idle.delete(f"/v1/tasks/{task['id']}")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert read(idle, task) == answer.json()


def test_a_running_task_is_cancelled_at_its_next_chance(client: TestClient) -> None:
    task = submit(client, FAR)
    wait_for_state(client, task, "running")
    answer = client.delete(f"/v1/tasks/{task['id']}")
    assert (answer.status_code, answer.json()["cancel_requested"]) == (200, True)
    assert wait_for_state(client, task, "cancelled")["finished_at"] is not None


def test_an_ended_task_stays_as_it_is(client: TestClient) -> None:
    done = wait_for_state(client, submit(client), "succeeded")
    answer = client.delete(f"/v1/tasks/{done['id']}")
    assert (answer.status_code, answer.json()) == (200, done)


# the key, and a storage that is unavailable


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", WAIT),
        ("POST", BATCH),
        ("GET", "/v1/tasks"),
        ("GET", f"/v1/tasks/{NOBODY}"),
        ("GET", f"/v1/tasks/{NOBODY}/events"),
        ("GET", f"/v1/tasks/{NOBODY}/result"),
        ("DELETE", f"/v1/tasks/{NOBODY}"),
    ],
)
def test_nothing_is_answered_without_the_key(settings: Settings, method: str, path: str) -> None:
    locked = settings.model_copy(update={"api_key": SecretStr("k" * 32)})
    with TestClient(create_app(locked), base_url=LOCAL) as client:
        problem(client.request(method, path), 401)
        allowed = client.request(method, path, headers={"X-API-Key": "k" * 32})
        assert allowed.status_code in (200, 404, 422)


def full(client: TestClient, database: Path) -> Iterator[None]:
    execute = Direct(client.app_state["tasks"].store).execute
    ((pages,),) = execute("PRAGMA page_count")
    execute(f"PRAGMA max_page_count = {pages}")
    assert database.exists()
    yield
    execute("PRAGMA max_page_count = 1000000")


def locked(_: TestClient, database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


Away = Callable[[TestClient, Path], Iterator[None]]


@contextmanager
def impatient(settings: Settings) -> Iterator[TestClient]:
    """Yield a client of an app that does not wait long for another process."""
    app = create_app(settings.model_copy(update={"storage_seconds": 0.05}))
    with TestClient(app, base_url=LOCAL) as client:
        yield client


@pytest.mark.parametrize("away", [full, locked])
def test_while_the_storage_is_away_the_answer_says_so_and_nothing_is_half_written(
    settings: Settings, database: Path, away: Away
) -> None:
    with impatient(settings) as client:
        before = wait_for_state(client, submit(client), "succeeded")
        meanwhile = away(client, database)
        next(meanwhile)
        rows = [f"{randbytes(1_000).hex()},{SHORT}" for _ in range(200)]
        answer = upload(client, "\n".join([f"note,{HEADER}", *rows]))
        assert problem(answer, 503)["type"] == "urn:problem:StorageUnavailable"
        assert answer.headers["Retry-After"] == "1"
        next(meanwhile, None)
        assert listed(client) == [before["id"]]
        wait_for_state(client, submit(client), "succeeded")
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("SELECT COUNT(*) FROM task_pieces").fetchall() == [(0,)]


def test_while_another_process_holds_the_storage_reading_goes_on(
    settings: Settings, database: Path
) -> None:
    with impatient(settings) as client:
        task = wait_for_state(client, submit(client), "succeeded")
        for _ in locked(client, database):
            problem(client.post(WAIT, json={"seconds": 0}), 503)
            problem(client.delete(f"/v1/tasks/{task['id']}"), 503)
            assert read(client, task) == task


def test_when_the_storage_is_gone_every_route_says_so(idle: TestClient) -> None:
    task = submit(idle)
    storage = idle.app_state["storage"]

    def close() -> None:
        storage.connection.connection.close()

    storage.wait_for(Call(close, reads=True))
    with pytest.raises(StorageUnavailableError):  # it cannot be committed either
        storage.wait_for(Call(close))
    for path in ("/v1/tasks", f"/v1/tasks/{task['id']}", "/health/ready"):
        problem(idle.get(path), 503)
    problem(idle.get(f"/v1/tasks/{task['id']}/events"), 503)
    problem(idle.post(WAIT, json={"seconds": 0}), 503)
    assert idle.get("/health/live").status_code == 200


def test_an_upload_says_which_model_and_what_of_bad_rows(client: TestClient) -> None:
    file = {"file": f"{HEADER}\n{SHORT}\n?,1,1,1\n".encode()}
    upload_to = "/v1/tasks/batch-prediction"
    unknown = client.post(upload_to, files=file, params={"model": "beer"})
    assert (unknown.status_code, unknown.json()["title"]) == (404, "Model Not Found")
    assert client.post(upload_to, files=file, params={"on_error": "ignore"}).status_code == 422
    accepted = client.post(upload_to, files=file, params={"model": "flower", "on_error": "skip"})
    task = wait_for_state(client, accepted.json(), "succeeded")
    _, good, bad = client.get(f"/v1/tasks/{task['id']}/result").text.splitlines()
    assert good == f"{SHORT},short,0.750000,0.250000,"
    assert "Line 3, sepal_length_cm: " in bad


def test_the_document_tells_generators_of_clients_what_is_a_file_a_text_and_an_event(
    settings: Settings,
) -> None:
    """`make test-services` of the template generates two clients from it, and uses them."""
    document = create_app(settings).openapi()
    paths, schemas = document["paths"], document["components"]["schemas"]
    file = schemas["Body_submit_batch_prediction"]["properties"]["file"]
    assert (file["type"], file["format"]) == ("string", "binary")
    result = paths["/v1/tasks/{task_id}/result"]["get"]["responses"]["200"]["content"]
    assert result == {"text/csv": {"schema": {"type": "string"}}}
    watch = paths["/v1/tasks/{task_id}/events"]["get"]["responses"]
    stream = watch["200"]["content"]["text/event-stream"]
    task = {"$ref": "#/components/schemas/Task"}
    assert stream["schema"] == {"anyOf": [task, {"type": "string"}]}
    assert stream["itemSchema"]["properties"]["data"]["contentSchema"] == task
    assert "content" not in watch["204"]
    assert schemas["Task"]["required"] == list(Task.model_fields)
