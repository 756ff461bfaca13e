"""The load: clients that do a bit of everything, and keep a record of what they were promised."""

import asyncio
import json
import time
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2

from benchmarks.load import HOST
from benchmarks.soak.record import ANSWERS, FINAL, LONGEST_ANSWER, ONCE, Answer, Json, Record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NAMES = ("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm")
FLOWERS = [
    {name: round(0.1 + (7 * n + 13 * i) % 60 / 8, 3) for i, name in enumerate(NAMES)}
    for n in range(50)
]
HEADER = f"id,{','.join(NAMES)}"
ROWS = (500, 5000)
SECONDS = [0, 0.1] * 6 + [0.3] * 3 + [4]  # of a wait; the longest lasts for most of a lease
LONGEST_WAIT_SECONDS = 30  # for an answer: longer than anything that is allowed
LONGEST_WATCH_SECONDS = 60  # a task that is lost has no last event
PAUSE_SECONDS = 0.3  # of a client between two actions, on average
CLOSE = {"Connection": "close"}  # to meet each process of a server
JSON = {"Content-Type": "application/json"}
Response = httpx2.Response
BAD: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "/v1/predict", {"content": b"{", "headers": JSON}, 422),
    ("POST", "/v1/predictions", {"json": {**FLOWERS[0], NAMES[0]: -1}}, 422),
    ("POST", "/v1/predict", {"content": bytes(300_000), "headers": JSON}, 413),
    ("POST", "/v1/tasks/nothing", {"json": {}}, 404),
    ("POST", "/v1/tasks/wait", {"json": {"seconds": "x"}}, 422),
    ("POST", "/v1/tasks/batch-prediction", {"files": {"file": b"a,b\n1,2\n"}}, 422),
    ("GET", "/v1/predictions/7", {}, 422),
    ("GET", f"/v1/tasks/{uuid4()}", {}, 404),
    ("PUT", "/v1/predict", {}, 405),
    ("GET", "/nowhere", {}, 404),
]


class Client:
    """One client; it asks either server."""

    def __init__(self, ports: list[int], record: Record, random: Random, right: list[Json]) -> None:
        """Take whom to ask, what to note, and the right prediction for each flower."""
        self.ports, self.record, self.random, self.right = ports, record, random, right
        self.http = httpx2.AsyncClient(timeout=LONGEST_WAIT_SECONDS)
        self.actions: dict[Callable[[], Awaitable[object]], int] = {
            self.predict: 30,
            self.store: 15,
            self.read_back: 15,
            self.list: 8,
            self.wait: 8,
            self.look: 8,
            self.upload: 2,
            self.watch: 4,
            self.leave: 5,
            self.err: 5,
        }

    async def run(self, end: asyncio.Event) -> None:
        """Do one thing after the other."""
        async with self.http:
            while not end.is_set():
                (action,) = self.random.choices([*self.actions], [*self.actions.values()])
                await action()
                await asyncio.sleep(self.random.expovariate(1 / PAUSE_SECONDS))

    async def send(
        self,
        method: str,
        path: str,
        good: int = 200,
        port: int = 0,
        **content: Any,  # noqa: ANN401
    ) -> Response | None:
        """Ask, and note how it went; None if the answer is not the good one."""
        sent, url = time.monotonic(), f"http://{HOST}:{port or self.random.choice(self.ports)}"
        what, response = f"{method} {path}: ", None
        try:
            response = await self.http.request(method, url + path, **content)
            what += f"{response.status_code} {response.text[:500] if response.is_error else ''}"
            self.record.answers[str(response.status_code)] += 1
        except httpx2.HTTPError as error:
            what += f"{type(error).__name__} {error}"
            self.record.answers["none"] += 1
        answer = Answer(sent, time.monotonic(), what)
        if answer.answered - sent > LONGEST_ANSWER:
            self.record.late.append(answer)
        if response is not None and response.status_code == good:
            return response
        if response is None or response.status_code == 503:
            self.record.refused.append(answer)
        else:
            self.record.wrong(ANSWERS, what)
        return None

    async def predict(self) -> None:
        """Predict, and compare."""
        number = self.random.randrange(len(FLOWERS))
        answer = await self.send("POST", "/v1/predict", json=FLOWERS[number])
        if answer and not same(answer.json(), self.right[number]):
            self.record.wrong(ANSWERS, f"predicted {answer.text} for flower {number}")

    async def store(self) -> None:
        """Predict, and have it kept."""
        flower = self.random.choice(FLOWERS)
        if answer := await self.send("POST", "/v1/predictions", 201, json=flower):
            self.record.predictions[answer.json()["id"]] = answer.json()

    async def read_back(self) -> None:
        """Read a prediction that was kept."""
        if self.record.predictions:
            await self.compare(self.random.choice([*self.record.predictions]))

    async def compare(self, prediction_id: str) -> None:
        """Read a prediction, and compare it with what was answered."""
        answer = await self.send("GET", f"/v1/predictions/{prediction_id}")
        if answer and answer.json() != self.record.predictions[prediction_id]:
            self.record.wrong(ANSWERS, f"{prediction_id} is now {answer.text}")

    async def list(self) -> None:
        """List the newest of something."""
        what = ("predictions?limit=50", "tasks?limit=50", "tasks?state=running", "tasks?kind=wait")
        await self.send("GET", f"/v1/{self.random.choice(what)}")

    async def submit(self, path: str, allowed: set[str], **content: Any) -> str | None:  # noqa: ANN401
        """Submit a task, and note how it may end."""
        answer = await self.send("POST", f"/v1/tasks/{path}", 202, **content)
        if not answer:
            return None
        task_id = str(answer.json()["id"])
        self.record.tasks.setdefault(task_id, allowed)
        return task_id

    async def wait(self) -> None:
        """Submit a task, some of them twice with a key; cancel some."""
        content = {"json": {"seconds": self.random.choice(SECONDS)}}
        keyed = {**content, "headers": {"Idempotency-Key": str(uuid4())}}
        if self.random.random() < 0.3:
            ids = [await self.submit("wait", {"succeeded"}, **keyed) for _ in range(2)]
            if None not in ids and ids[0] != ids[1]:
                self.record.wrong(ONCE, f"one key, two tasks: {ids}")
        elif (task := await self.submit("wait", {"succeeded"}, **content)) and (
            self.random.random() < 0.2
        ):
            self.record.tasks[task].add("cancelled")
            await self.send("DELETE", f"/v1/tasks/{task}")

    async def look(self) -> None:
        """Read any task."""
        if self.record.tasks:
            task_id = self.random.choice([*self.record.tasks])
            if answer := await self.send("GET", f"/v1/tasks/{task_id}"):
                self.record.see(answer.json())

    async def upload(self) -> None:
        """Submit a CSV; one in ten has a value that is wrong."""
        rows = [self.random.randrange(len(FLOWERS)) for _ in range(self.random.randint(*ROWS))]
        lines = [line(n, number) for n, number in enumerate(rows)]
        if self.random.random() < 0.1:
            lines[self.random.randrange(len(lines))] = "0,1,1,1,x"
            await self.submit("batch-prediction", {"failed"}, files=csv(lines))
        elif task_id := await self.submit("batch-prediction", {"succeeded"}, files=csv(lines)):
            self.record.rows[task_id] = rows

    async def watch(self) -> None:
        """Watch a new task to its end, or leave before."""
        task_id = await self.submit("wait", {"succeeded"}, json={"seconds": 0.2})
        if not task_id:
            return
        sent, left = time.monotonic(), self.random.choice([1, 5, 100])
        url = f"http://{HOST}:{self.random.choice(self.ports)}/v1/tasks/{task_id}/events"
        state, why = "", "it ended"
        try:
            async with (
                asyncio.timeout(LONGEST_WATCH_SECONDS),
                self.http.stream("GET", url) as answer,
            ):
                async for text in answer.aiter_lines():
                    if text.startswith("data: "):
                        self.record.see(task := json.loads(text.removeprefix("data: ")))
                        state, left = task["state"], left - 1
                    if not left:
                        return
        except (httpx2.HTTPError, TimeoutError) as error:
            why = type(error).__name__
        if state not in FINAL:
            what = f"events of {task_id}: {why} after {state!r}"
            self.record.refused.append(Answer(sent, time.monotonic(), what))

    async def leave(self) -> None:
        """Begin something, and do not wait for the answer."""
        action = self.random.choice([self.predict, self.store, self.upload, self.wait])
        with suppress(TimeoutError):
            async with asyncio.timeout(self.random.uniform(0, 0.02)):
                await action()

    async def err(self) -> None:
        """Ask for what cannot be, or send what is not even HTTP."""
        method, path, content, status = self.random.choice(BAD)
        await self.send(method, path, status, **content)
        with suppress(OSError):
            _, writer = await asyncio.open_connection(HOST, self.random.choice(self.ports))
            writer.write(self.random.randbytes(100) + b"\r\n\r\n")
            await asyncio.sleep(0.01)
            writer.close()

    async def probe(self, port: int, end: asyncio.Event) -> None:
        """Ask a server again and again whether it is ready."""
        async with self.http:
            while not end.is_set():
                sent = time.monotonic()
                ready = await self.send("GET", "/health/ready", port=port, headers=CLOSE)
                self.record.probes.setdefault(port, []).append((sent, ready is not None))
                await asyncio.sleep(0.5)


def line(n: int, number: int) -> str:
    """Return a line of a CSV."""
    return f"{n},{','.join(map(str, FLOWERS[number].values()))}"


def csv(lines: list[str]) -> dict[str, bytes]:
    """Return what to upload."""
    return {"file": "\n".join([HEADER, *lines, ""]).encode()}


def same(one: Json, other: Json) -> bool:
    """Compare two predictions; in another batch, a float may be another in its last digit."""
    pairs = zip(one["probabilities"].values(), other["probabilities"].values(), strict=True)
    alike = all(abs(a - b) < 2e-6 for a, b in pairs)
    return alike and {**one, "probabilities": 0} == {**other, "probabilities": 0}
