"""Records the start of the last attempt instead of the first. Rejected by: too-late."""

CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        lease_ends_at = {now} + :lease, started_at = {now}
    WHERE seq IN (SELECT seq FROM chosen)
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
