"""Runs the task, and throws away its result. Rejected by: succeeded."""


# file: app/tasks/engine/runner.py
class Runner:
    def run(self, context: TaskContext) -> Outcome | None:
        """Run an attempt to its end."""
        claim = context.claim
        try:
            kind = find_kind(self.kinds, claim.kind)
            kind.run(kind.payload.model_validate_json(claim.payload), context)
        except TaskStoppedError as stop:
            return stopped(stop.reason)
        except BaseException as error:
            return self._failed(claim, error)
        return Outcome(TaskState.SUCCEEDED)
