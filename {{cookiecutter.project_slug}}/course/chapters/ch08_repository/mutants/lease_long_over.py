"""Ends the lease some seconds after 1970, not after now. Rejected by: two-servers."""

CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        lease_ends_at = :lease, started_at = COALESCE(started_at, {now})
    WHERE seq IN (SELECT seq FROM chosen)
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
