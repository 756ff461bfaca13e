"""Lets an exception escape, so the task is running for ever. Rejected by: failed."""


# file: app/tasks/engine/runner.py
class Runner:
    def run(self, context: TaskContext) -> Outcome | None:
        """Run an attempt to its end."""
        claim = context.claim
        kind = find_kind(self.kinds, claim.kind)
        result = as_json(kind.run(kind.payload.model_validate_json(claim.payload), context))
        return Outcome(TaskState.SUCCEEDED, result=result)
