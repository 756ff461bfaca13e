"""Ends one attempt after the other, by the condition that `save` has as well."""

SETTLE = (
    """
    UPDATE tasks
    SET state = CASE WHEN :state = 'queued' AND cancel_requested = 1
            THEN 'cancelled' ELSE :state END,
        progress = CASE WHEN :state = 'succeeded' THEN 1 ELSE progress END,
        result = :result,
        problem = CASE WHEN :state = 'succeeded' THEN NULL ELSE COALESCE(:problem, problem) END,
        attempts = attempts - :uncharged,
        due_at = {now} + :delay,
        finished_at = CASE WHEN :state <> 'queued' OR cancel_requested = 1 THEN {now} END,
        owner = NULL, lease_ends_at = NULL, dispatched_at = NULL
    WHERE %s
"""
    % HELD
)


# file: app/tasks/repository/database.py
class SqlTaskRepository:
    def settle(self, ends: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
        """End attempts."""
        counts = []
        for claim, outcome in ends:
            values = {**claim.row(), **outcome.row()}
            counts.append(self._connection.write(sql.SETTLE, **values))
        return [count == 1 for count in counts]
