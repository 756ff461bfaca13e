"""Clients that ask for predictions all the time, and a record of what each was answered."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx2

from benchmarks.load import HOST
from benchmarks.project import FLOWER, PREDICT

CLIENTS = 16
PAUSE_SECONDS = 0.04  # of a client, between an answer and the next request
REQUESTS_PER_CONNECTION = 25  # then another one, to meet every worker
CUT_SECONDS = 0.5  # for how long after a kill a request may be sent to the killed worker
LABEL = "setosa"


@dataclass(frozen=True)
class Asked:
    """A request and what came of it."""

    sent: float
    ended: float
    version: str = ""
    failure: str = ""
    cut: bool = False  # the connection was


@dataclass
class Record:
    """All requests, and when workers were killed."""

    right: Mapping[str, float]  # the probability, by version
    asked: list[Asked] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)

    def since(self, moment: float) -> list[Asked]:
        """Return the answers to what was sent since then."""
        return [one for one in reversed(self.latest(moment)) if one.version]

    def latest(self, moment: float) -> list[Asked]:
        """Return what was sent since then, the last one first."""

        def found() -> Iterator[Asked]:
            for one in reversed(self.asked):
                if one.ended < moment:
                    return
                if one.sent >= moment:
                    yield one

        return list(found())

    def by_a_kill(self, one: Asked) -> bool:
        """Return whether the connection was cut because its worker was killed.

        It was waiting for its answer then, or was sent before its client could know.
        """
        return one.cut and any(
            one.sent < kill + CUT_SECONDS and kill <= one.ended for kill in self.kills
        )

    def tell(self, one: Asked) -> str:
        """Return what failed, and how long after a kill."""
        before = [one.ended - kill for kill in self.kills if kill <= one.ended]
        took = f"after {one.ended - one.sent:.2f} s"
        return f"{one.failure} {took}" + (f", {min(before):.2f} s after a kill" if before else "")

    @property
    def cut(self) -> list[Asked]:
        """What was lost with a worker that was killed."""
        return [one for one in self.asked if self.by_a_kill(one)]

    @property
    def failed(self) -> list[Asked]:
        """Whatever else was not answered, or was answered wrongly."""
        return [one for one in self.asked if one.failure and not self.by_a_kill(one)]


async def ask(http: httpx2.AsyncClient, record: Record) -> None:
    """Send a request, and note what comes of it."""
    sent = time.time()
    try:
        answer = await http.post(PREDICT, json=FLOWER)
    except httpx2.TransportError as error:
        record.asked.append(Asked(sent, time.time(), failure=repr(error), cut=True))
        return
    ended = time.time()
    if answer.status_code != 200:
        record.asked.append(Asked(sent, ended, failure=f"{answer.status_code} {answer.text}"))
        return
    body = answer.json()
    version, given = body["model_version"], body["probabilities"][LABEL]
    good = abs(record.right.get(version, 2) - given) < 1e-5
    failure = "" if good else f"{given} from version {version}"
    record.asked.append(Asked(sent, ended, version, failure))


async def run_client(port: int, record: Record, end: asyncio.Event) -> None:
    """Ask until the end."""
    while not end.is_set():
        async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=30) as http:
            for _ in range(REQUESTS_PER_CONNECTION):
                await ask(http, record)
                await asyncio.sleep(PAUSE_SECONDS)
