"""Does not note when the task was started. Rejected by: taken-up."""

CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        lease_ends_at = {now} + :lease
    WHERE seq IN (SELECT seq FROM chosen) RETURNING id, kind, payload, attempts
"""
