"""Selects, then updates: safe inside a transaction that begins by locking out other writers."""

CLAIM_DUE = (
    """
    SELECT seq FROM tasks WHERE state = 'queued' AND due_at <= {now} AND %s
    ORDER BY due_at, seq LIMIT :limit
"""
    % OURS
)
CLAIM = """
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        lease_ends_at = {now} + :lease, started_at = IFNULL(started_at, {now})
    WHERE seq = :seq AND state = 'queued'
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
CLAIM_ONE = f"{DUE} AND {KNOWN} AND id = :only"


# file: app/tasks/store.py
class TaskStore:
    @writes
    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks of known kinds, the longest waiting first, or the `only` one."""
        statement = sql.CLAIM_ONE if only else sql.CLAIM_DUE
        claims = []
        for (seq,) in self._execute(statement, limit=limit, only=only, rows=self._known):
            for *row, charged in self._execute(sql.CLAIM, owner=owner, lease=lease, seq=seq):
                claims.append(Claim(*row, owner=owner, charged=charged))
        return claims
