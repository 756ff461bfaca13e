"""Takes a stopped task for a failed one. Rejected by: cancelled."""


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
        except BaseException as error:
            return self._failed(claim, error)
        return Outcome(TaskState.SUCCEEDED, result=result)
