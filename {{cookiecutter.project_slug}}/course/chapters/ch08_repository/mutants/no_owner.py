"""Does not record the owner, so no process may report the task's end. Rejected by: outcome."""

CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', attempts = attempts + 1,
        lease_ends_at = {now} + :lease, started_at = COALESCE(started_at, {now})
    WHERE seq IN (SELECT seq FROM chosen)
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
