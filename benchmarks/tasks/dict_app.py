"""FastAPI's `BackgroundTasks` and a dict: the least that can answer `202`. A stop loses it all.

Its models are the generated project's, so that a `POST` reads and writes the same JSON.
"""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from app.tasks.kinds.wait import Wait  # type: ignore[import-not-found]
from app.tasks.schemas import Task, TaskState  # type: ignore[import-not-found]
from fastapi import BackgroundTasks, FastAPI

from benchmarks.servers import answer_live
from benchmarks.tasks.starts import note_start


def create() -> FastAPI:
    """Return the app; uvicorn's `--factory` calls this in the generated project's folder."""
    app = FastAPI()
    app.get("/health/live")(answer_live)
    tasks: dict[UUID, Task] = {}
    starts = Path(os.environ["STARTS"])

    async def run(task: Task, seconds: float) -> None:
        if seconds:
            note_start(starts, str(task.id))
        await asyncio.sleep(seconds)
        task.state = TaskState.SUCCEEDED

    @app.post("/v1/tasks/wait", status_code=202)
    async def submit(payload: Wait, background: BackgroundTasks) -> Task:
        task = Task(id=uuid4(), kind="wait", state=TaskState.QUEUED, created_at=datetime.now(UTC))
        tasks[task.id] = task
        background.add_task(run, task, payload.seconds)
        return task

    @app.get("/finished")
    async def finished() -> int:
        return sum(task.state is TaskState.SUCCEEDED for task in tasks.values())

    return app
