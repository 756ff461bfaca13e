"""Asks the service itself for the task; kicks in its own function; has a line for each error."""


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted; kick the engine after the answer."""

    async def begin() -> None:
        await tasks.engine.kick()

    response.headers.update({"Location": f"/v1/tasks/{task.id}", "Retry-After": "2"})
    background.add_task(begin)
    return task


@router.get("/{task_id}", responses=problems(404))
async def read_task(task_id: UUID, tasks: TaskServiceDep) -> Task:
    """Return the task's state, and its result or its problem."""
    return await tasks.get(task_id)


# file: app/tasks/engine/runner.py
class Runner:
    def run(self, context: TaskContext) -> Outcome | None:
        """Run an attempt; return its outcome, or None when the task is no longer ours."""
        claim = context.claim
        try:
            kind = find_kind(self.kinds, claim.kind)
            result = as_json(kind.run(kind.payload.model_validate_json(claim.payload), context))
            if len(result) > self._settings.task_result_bytes:
                raise ResultTooLargeError
            return Outcome(TaskState.SUCCEEDED, result=result)
        except TaskStoppedError as stop:
            return stopped(stop.reason)
        except AppError as refusal:
            return self._failed(claim, refusal)
        except Exception as bug:
            return self._failed(claim, bug)
        except SystemExit as end:
            return self._failed(claim, end)
