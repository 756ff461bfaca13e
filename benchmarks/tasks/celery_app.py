"""Celery on Redis as its first steps install it, behind a FastAPI route that calls `.delay()`."""

import os
import time
from pathlib import Path

from celery import Celery, Task  # type: ignore[import-untyped]
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.servers import answer_live
from benchmarks.tasks.starts import note_start

REDIS, STARTS = os.environ["REDIS_URL"], Path(os.environ["STARTS"])

celery = Celery("alternative", broker=f"{REDIS}/0", backend=f"{REDIS}/1")
if os.environ.get("ACKS_LATE"):
    celery.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)


class Wait(BaseModel):
    """How long to wait."""

    seconds: float


class Accepted(BaseModel):
    """What there is to say about a task that is only in the broker."""

    id: str


@celery.task(name="wait", bind=True)  # type: ignore[untyped-decorator]
def wait(self: Task, seconds: float) -> dict[str, float]:
    """Wait."""
    if seconds:
        note_start(STARTS, self.request.id)
    time.sleep(seconds)
    return {"waited_seconds": seconds}


def create() -> FastAPI:
    """Return the app; uvicorn's `--factory` calls this."""
    app = FastAPI()
    app.get("/health/live")(answer_live)

    @app.post("/v1/tasks/wait", status_code=202)
    def submit(payload: Wait) -> Accepted:
        return Accepted(id=wait.delay(payload.seconds).id)

    return app
