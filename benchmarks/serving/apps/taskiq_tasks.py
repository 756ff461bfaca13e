"""A task that does nothing, on the taskiq broker that fastapi-template generates, and its route."""

import asyncio

from fastapi import FastAPI
from pydantic import BaseModel
from service.tkq import broker


class Wait(BaseModel):
    """How long to wait."""

    seconds: float


class Accepted(BaseModel):
    """The task's id in the broker."""

    id: str


@broker.task  # type: ignore[untyped-decorator]
async def wait(seconds: float) -> dict[str, float]:
    """Wait."""
    await asyncio.sleep(seconds)
    return {"waited_seconds": seconds}


async def submit(payload: Wait) -> Accepted:
    """Hand the task to the broker."""
    return Accepted(id=(await wait.kiq(payload.seconds)).task_id)


def create() -> FastAPI:
    """Return the generated app with the route; uvicorn's `--factory` calls this."""
    from service.web.application import get_app

    generated: FastAPI = get_app()
    generated.post("/tasks/wait", status_code=202)(submit)
    return generated
