"""Answers null for an id that it does not know, as for one that waits. Rejected by: unknown-id."""

from app.tasks.records import TaskNotFoundError


@router.get("/{task_id}", responses=problems(404))
async def read_task(task_id: UUID, tasks: TaskServiceDep) -> Task | None:
    """Where the task stands."""
    try:
        return await tasks.get(task_id)
    except TaskNotFoundError:
        return None
