"""Has the lease end some seconds after 1970, and not from now on. Rejected by: two-servers."""

CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        lease_ends_at = :lease, started_at = COALESCE(started_at, {now})
    WHERE seq IN (SELECT seq FROM chosen) RETURNING id, kind, payload, attempts
"""
