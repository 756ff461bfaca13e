"""Answers null for an unknown id, as for a waiting task. Rejected by: unknown-id."""

from app.tasks.records import TaskNotFoundError


@router.get("/{task_id}", responses=problems(404))
async def read_task(task_id: UUID, tasks: TaskServiceDep) -> Task | None:
    """Return the task's state."""
    try:
        return await tasks.get(task_id)
    except TaskNotFoundError:
        return None
