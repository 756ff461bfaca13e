"""Says that an unknown id is queued, as Celery does. Rejected by: unknown-id."""

from datetime import UTC, datetime

from app.tasks.records import TaskNotFoundError


@router.get("/{task_id}", responses=problems(404))
async def read_task(task_id: UUID, tasks: TaskServiceDep) -> Task:
    """Return the task's state."""
    try:
        return await tasks.get(task_id)
    except TaskNotFoundError:
        now = datetime.now(UTC)
        return Task(id=task_id, kind="unknown", state=TaskState.QUEUED, created_at=now)
