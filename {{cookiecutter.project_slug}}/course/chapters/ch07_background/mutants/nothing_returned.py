"""Takes an exception down, and returns nothing. Rejected by: failed."""


# file: app/tasks/runner.py
class Runner:
    def run(self, context: TaskContext) -> Outcome | None:
        """Run an attempt to its end."""
        claim = context.claim
        try:
            kind = find_kind(claim.kind)
            result = json.dumps(kind.run(kind.payload.model_validate_json(claim.payload), context))
            if len(result) > self._settings.task_result_bytes:
                raise ResultTooLargeError
        except TaskStoppedError as stop:
            return stopped(stop.reason)
        except (Exception, SystemExit) as error:
            self._failed(claim, error)
            return None
        return Outcome(TaskState.SUCCEEDED, result=result)
