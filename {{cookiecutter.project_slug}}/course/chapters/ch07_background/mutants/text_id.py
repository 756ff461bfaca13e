"""Takes any text for an id, and breaks on what is none. Rejected by: unknown-id."""


@router.get("/{task_id}", responses=problems(404))
async def read_task(task_id: str, tasks: TaskServiceDep) -> Task:
    """Where the task stands."""
    return await tasks.get(UUID(task_id))
