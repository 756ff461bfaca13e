"""Does the work after the answer, but in an async function. Rejected by: running."""


async def run_it(tasks: TaskServiceDep) -> None:
    """Claim what is due, and run it right here."""
    engine = tasks.engine
    for claim in await engine.store.claim(engine._runner.owner, 60, 1):
        engine._run_one(engine._runner.begin(claim))


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted."""
    response.headers["Location"] = f"{PREFIX}/{task.id}"
    response.headers["Retry-After"] = "1"
    background.add_task(run_it, tasks)
    return task
