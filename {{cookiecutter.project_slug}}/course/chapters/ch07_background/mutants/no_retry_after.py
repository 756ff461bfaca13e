"""Does not say when to ask, so clients ask all the time. Rejected by: location."""


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted."""
    response.headers["Location"] = f"{PREFIX}/{task.id}"
    background.add_task(tasks.engine.kick)
    return task
