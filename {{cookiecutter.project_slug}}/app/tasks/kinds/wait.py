"""`wait`: a task that only takes time, to watch how tasks behave."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.tasks.engine.context import TaskContext

STEPS = 10

Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False, strict=True)]


class Wait(BaseModel):
    """How long to wait."""

    model_config = ConfigDict(extra="forbid")

    seconds: Seconds


def wait(payload: Wait, task: TaskContext) -> dict[str, Any]:
    """Wait in ten steps, and report each; a wait of less than a second is one step."""
    steps = STEPS if payload.seconds >= 1 else 1
    for done in range(1, steps + 1):
        task.sleep(payload.seconds / steps)
        if done < steps:
            task.progress(done / steps)
    return {"waited_seconds": payload.seconds}
