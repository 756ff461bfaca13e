"""Takes one task at a time, as often as there are places."""

CLAIM_DUE = """
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = 1 + attempts,
        lease_ends_at = {now} + :lease, started_at = COALESCE(started_at, {now})
    WHERE seq = (
        SELECT seq FROM tasks WHERE state = 'queued' AND due_at <= {now}
        ORDER BY due_at, seq LIMIT 1
    )
    RETURNING id, kind, payload, attempts
"""


# file: app/tasks/repository/database.py
class SqlTaskRepository:
    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks, the longest waiting first, or the `only` one."""
        if only:
            rows = self._execute(sql.CLAIM_ONE, owner=owner, lease=lease, only=only)
            return [Claim(*row, owner) for row in rows]
        claims: list[Claim] = []
        while len(claims) < limit:
            found = self._execute(sql.CLAIM_DUE, owner=owner, lease=lease)
            if not found:
                break
            (task_id, kind, payload, attempt) = found[0]
            claims.append(Claim(task_id, kind, payload, attempt, owner))
        return claims
