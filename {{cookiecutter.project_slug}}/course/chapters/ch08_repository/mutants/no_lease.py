"""Gives no lease, so no process takes the task over after a crash. Rejected by: crash."""

CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        started_at = COALESCE(started_at, {now})
    WHERE seq IN (SELECT seq FROM chosen)
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
