"""Does without WITH, uses row values, and words the same conditions differently."""

DUE = "SELECT seq FROM tasks WHERE owner IS NULL AND finished_at IS NULL AND {now} >= due_at"
CLAIM = """
    UPDATE tasks
    SET (state, owner, attempts) = ('running', :owner, attempts + 1),
        lease_ends_at = :lease + {now},
        started_at = CASE WHEN started_at IS NULL THEN {now} ELSE started_at END
    WHERE seq IN (%s)
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
CLAIM_DUE = CLAIM % (f"{DUE} AND {OURS}" + " ORDER BY due_at ASC, id LIMIT :limit")
SETTLE = """
    UPDATE tasks
    SET state = CASE WHEN ended.state = 'queued' AND cancel_requested = 1
            THEN 'cancelled' ELSE ended.state END,
        progress = CASE WHEN ended.state = 'succeeded' THEN 1 ELSE progress END,
        result = ended.result,
        problem = CASE WHEN ended.state = 'succeeded' THEN NULL
            ELSE COALESCE(ended.problem, tasks.problem) END,
        attempts = attempts - ended.uncharged,
        due_at = {now} + ended.delay,
        finished_at = CASE WHEN ended.state <> 'queued' OR cancel_requested = 1 THEN {now} END,
        owner = NULL, lease_ends_at = NULL, dispatched_at = NULL
    FROM (
        SELECT value ->> 'id' AS id, value ->> 'owner' AS owner, value ->> 'state' AS state,
            value ->> 'result' AS result, value ->> 'problem' AS problem,
            CAST(value ->> 'attempt' AS INTEGER) AS attempt,
            CAST(value ->> 'uncharged' AS INTEGER) AS uncharged,
            CAST(value ->> 'delay' AS {real}) AS delay
        FROM {rows}
    ) AS ended
    WHERE (ended.id, ended.owner, ended.attempt) = (tasks.id, tasks.owner, tasks.attempts)
        AND tasks.state = 'running'
    RETURNING tasks.id
"""
