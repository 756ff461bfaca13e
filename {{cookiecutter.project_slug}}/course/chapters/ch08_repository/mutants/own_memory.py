"""Remembers in its own process which tasks are taken. Rejected by: two-servers."""

CLAIM_DUE = """
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        lease_ends_at = {now} + :lease, started_at = COALESCE(started_at, {now})
    WHERE id = :id
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
FIND_DUE = """
    SELECT id FROM tasks WHERE finished_at IS NULL AND due_at <= {now} ORDER BY due_at, seq
"""


# file: app/tasks/store.py
taken: set[str] = set()


class TaskStore:
    @writes
    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks, the longest waiting first, or the `only` one."""
        free = [id_ for (id_,) in self._execute(sql.FIND_DUE) if id_ not in taken]
        chosen = free[:limit] if only is None else [only]
        taken.update(chosen)
        rows = [self._execute(sql.CLAIM_DUE, owner=owner, lease=lease, id=id_)[0] for id_ in chosen]
        return [Claim(*row[:4], owner, row[4]) for row in rows]
