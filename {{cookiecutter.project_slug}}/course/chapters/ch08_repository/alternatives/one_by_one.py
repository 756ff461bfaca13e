"""Takes and ends one task at a time; the condition for its end is the one in `save`."""

CLAIM_DUE = (
    """
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = 1 + attempts,
        lease_ends_at = {now} + :lease, started_at = COALESCE(started_at, {now})
    WHERE seq = (
        SELECT seq FROM tasks WHERE state = 'queued' AND due_at <= {now} AND %s
        ORDER BY due_at, seq LIMIT 1
    )
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
    % OURS
)
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
    RETURNING id
"""
    % HELD
)


# file: app/tasks/store.py
class TaskStore:
    @writes
    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks of known kinds, the longest waiting first, or the `only` one."""
        given = {"owner": owner, "lease": lease, "only": only, "rows": self._known}
        if only:
            rows = self._execute(sql.CLAIM_ONE, **given)
            return [Claim(*row, owner, charged) for *row, charged in rows]
        claims: list[Claim] = []
        while len(claims) < limit:
            found = self._execute(sql.CLAIM_DUE, **given)
            if not found:
                break
            (task_id, kind, payload, attempt, charged) = found[0]
            claims.append(Claim(task_id, kind, payload, attempt, owner, charged))
        return claims

    @gathers
    def settle(self, ends: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
        """End attempts; return False, and do nothing, where the task is no longer the claim's."""
        settled = []
        for claim, outcome in ends:
            values = {**claim.row(), **outcome.row()}
            settled.append(bool(self._execute(sql.SETTLE, **values)))
        return settled
