"""Has the framework do the work and gives an id, but keeps no task. Rejected by: running."""

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

from app.tasks.kinds.registry import find_kind


@router.post("/{kind}", status_code=202, responses=problems(400, 404, 409, 413))
async def submit_task(
    kind: str,
    payload: Payload,
    tasks: TaskServiceDep,
    response: Response,
    background: BackgroundTasks,
    idempotency_key: IdempotencyKey = None,
) -> Task:
    """Accept a task of this kind."""
    checked = check_payload(tasks.kinds, kind, payload)
    background.add_task(
        find_kind(tasks.kinds, kind).run, checked, SimpleNamespace(sleep=time.sleep)
    )
    task = Task(id=uuid4(), kind=kind, state=TaskState.QUEUED, created_at=datetime.now(UTC))
    return accept(task, response, background, tasks)
