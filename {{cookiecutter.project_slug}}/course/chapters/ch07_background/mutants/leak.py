"""Shows the client the exception's text. Rejected by: dead."""


# file: app/tasks/engine/runner.py
class Runner:
    def run(self, context: TaskContext) -> Outcome | None:
        """Run an attempt to its end."""
        claim = context.claim
        try:
            kind = find_kind(self.kinds, claim.kind)
            result = as_json(kind.run(kind.payload.model_validate_json(claim.payload), context))
            if len(result) > self._settings.task_result_bytes:
                raise ResultTooLargeError
        except TaskStoppedError as stop:
            return stopped(stop.reason)
        except AppError as error:
            return self._failed(claim, error)
        except BaseException as error:
            logger.error("task_error", task_id=claim.id, exc_info=error)
            name = type(error).__name__
            problem = TaskProblem(type=f"urn:problem:{name}", title=name, detail=str(error))
            last = claim.attempt >= self._settings.task_max_attempts
            state = TaskState.DEAD if last else TaskState.QUEUED
            return Outcome(state, problem=problem.model_dump_json())
        return Outcome(TaskState.SUCCEEDED, result=result)
