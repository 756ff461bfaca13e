from app.todo import TodoError


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted; kick the engine after the answer."""
    # 2. Tell the client where to ask (the header Location), and after how many seconds
    #    (Retry-After).
    # 3. Have `tasks.engine.kick` called once the answer is out. Without it the engine still finds
    #    the task, the next time it looks.
    return task


@router.post("/{kind}", status_code=202, responses=problems(400, 404, 409, 413))
async def submit_task(
    kind: str,
    payload: Payload,
    tasks: TaskServiceDep,
    response: Response,
    background: BackgroundTasks,
    idempotency_key: IdempotencyKey = None,
) -> Task:
    """Accept a task of this kind; once accepted, it survives the process."""
    # 1. Check the payload, have the service keep the task, and accept it.
    raise TodoError("07", "accept a task.")


@router.get("/{task_id}", responses=problems(404))
async def read_task() -> Task:
    """Return the task's state, and its result or its problem."""
    # 4. Which task? The routes below need it as well: how do they get it?
    raise TodoError("07", "say what state a task is in.")


# file: app/tasks/engine/runner.py
class Runner:
    def run(self, context: TaskContext) -> Outcome | None:
        """Run an attempt; return its outcome, or None when the task is no longer ours."""
        claim = context.claim
        # An exception raised here escapes, and the task is "running" for ever.
        # 5. TaskStoppedError is not a failure. `stopped` knows what happens to the task.
        # 6. Anything else that a kind raises is one, even SystemExit: the thread must live on.
        #    `_failed` knows whether another attempt makes sense.
        kind = find_kind(self.kinds, claim.kind)
        result = as_json(kind.run(kind.payload.model_validate_json(claim.payload), context))
        if len(result) > self._settings.task_result_bytes:
            raise ResultTooLargeError
        return Outcome(TaskState.SUCCEEDED, result=result)
