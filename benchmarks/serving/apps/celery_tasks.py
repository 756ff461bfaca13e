"""A task that does nothing, on the Celery app that fastapi-fullstack generates, and its route."""

import time

from app.worker.celery_app import celery_app
from fastapi import FastAPI
from pydantic import BaseModel


class Wait(BaseModel):
    """How long to wait."""

    seconds: float


class Accepted(BaseModel):
    """The task's id in the broker."""

    id: str


@celery_app.task(name="wait")  # type: ignore[untyped-decorator]
def wait(seconds: float) -> dict[str, float]:
    """Wait."""
    time.sleep(seconds)
    return {"waited_seconds": seconds}


def submit(payload: Wait) -> Accepted:
    """Hand the task to the broker, in a thread, because the client blocks."""
    return Accepted(id=wait.delay(payload.seconds).id)


def create() -> FastAPI:
    """Return the generated app with the route; uvicorn's `--factory` calls this."""
    from app.main import app  # type: ignore[import-not-found]

    generated: FastAPI = app
    generated.post("/tasks/wait", status_code=202)(submit)
    return generated
