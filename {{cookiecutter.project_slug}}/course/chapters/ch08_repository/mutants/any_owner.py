"""Asks which attempt this is, but not who owns the task. Rejected by: too-late."""

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
    WHERE tasks.id = ended.id AND attempts = ended.attempt
    RETURNING tasks.id
"""
