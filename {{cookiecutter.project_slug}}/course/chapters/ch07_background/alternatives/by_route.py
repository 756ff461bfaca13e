"""Takes the address from the route itself, and tells exceptions apart after catching them."""

from app.tasks.dependencies import get_task
from fastapi import Depends


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted; kick the engine after the answer."""
    response.headers["location"] = str(router.url_path_for("read_task", task_id=task.id))
    response.headers["retry-after"] = "1"
    background.add_task(tasks.engine.kick)
    return task


@router.get("/{task_id}", responses=problems(404))
async def read_task(task: Annotated[Task, Depends(get_task)]) -> Task:
    """Return the task's state, and its result or its problem."""
    return task


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
        except BaseException as error:
            if isinstance(error, TaskStoppedError):
                return stopped(error.reason)
            return self._failed(claim, error)
        else:
            return Outcome(TaskState.SUCCEEDED, result=result)
