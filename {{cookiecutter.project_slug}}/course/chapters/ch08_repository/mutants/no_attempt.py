"""Does not count the attempt. Rejected by: taken-up."""

CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', owner = :owner,
        lease_ends_at = {now} + :lease, started_at = COALESCE(started_at, {now})
    WHERE seq IN (SELECT seq FROM chosen) RETURNING id, kind, payload, attempts
"""
