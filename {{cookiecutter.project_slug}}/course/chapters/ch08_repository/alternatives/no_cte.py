"""Without WITH, and with other words for the same conditions."""

DUE = "SELECT seq FROM tasks WHERE owner IS NULL AND finished_at IS NULL AND {now} >= due_at"
CLAIM = """
    UPDATE tasks
    SET (state, owner, attempts) = ('running', :owner, attempts + 1),
        lease_ends_at = :lease + {now},
        started_at = CASE WHEN started_at IS NULL THEN {now} ELSE started_at END
    WHERE seq IN (%s) RETURNING id, kind, payload, attempts
"""
CLAIM_DUE = CLAIM % (DUE + " ORDER BY due_at ASC, id LIMIT :limit")
