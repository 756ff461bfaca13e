"""The SQL statements of the upkeep, which concern the tasks of every process; see `sql.py`."""

from app.tasks.sql import DUE, KNOWN

# A lease that has run out may be due to the clock, or to a storage that stood still: its owner gets
# a moment to renew it, which sets `silent` to 0. Until then that is how many tasks it was running.
# And no lease ends later than one of now: the clock may have been set back.
DOUBT = """
    UPDATE tasks
    SET lease_ends_at = {now} + CASE WHEN lease_ends_at < {now} THEN :grace ELSE :lease END,
        silent = CASE WHEN lease_ends_at < {now} THEN (
                SELECT COUNT(*) FROM tasks AS beside
                WHERE beside.state = 'running' AND beside.owner = tasks.owner
            ) ELSE 0 END
    WHERE state = 'running' AND (lease_ends_at > {now} + :lease
        OR (lease_ends_at < {now} AND silent = 0))
    RETURNING id
"""
# Only a task that ran alone is to blame for the end of its process, and charged with an attempt.
SPENT = "cancel_requested = 0 AND silent = 1 AND attempts - forgiven >= :max_attempts"
RESCUE = """
    WITH chosen AS MATERIALIZED (
        SELECT seq FROM tasks WHERE state = 'running' AND silent > 0 AND lease_ends_at < {now}
        ORDER BY lease_ends_at LIMIT 100 {skip_locked})
    UPDATE tasks
    SET state = CASE WHEN cancel_requested = 1 THEN 'cancelled'
            WHEN %(spent)s THEN 'dead' ELSE 'queued' END,
        problem = CASE WHEN %(spent)s THEN :problem ELSE problem END,
        finished_at = CASE WHEN cancel_requested = 1 OR %(spent)s THEN {now} END,
        forgiven = CASE WHEN silent > 1 THEN forgiven + 1 ELSE forgiven END,
        losses = losses + 1, silent = 0,
        owner = NULL, lease_ends_at = NULL, due_at = {now}, dispatched_at = NULL
    WHERE seq IN (SELECT seq FROM chosen) RETURNING id, state
"""
RESCUE %= {"spent": SPENT}
# A task waits only after an error, and no longer than `:longest`: else the clock was set back.
CATCH_UP = """
    UPDATE tasks SET due_at = {now} WHERE seq IN (
        SELECT seq FROM tasks WHERE state = 'queued' AND due_at > {now} + 1
            AND due_at > {now} + CASE WHEN problem IS NULL THEN 1 ELSE :longest END
        LIMIT 10000 {skip_locked})
    RETURNING id
"""
# What ended later than now ended before the clock was set back, and is not kept for much longer.
AGE = """
    UPDATE tasks SET finished_at = {now}
    WHERE seq IN (
        SELECT seq FROM tasks WHERE finished_at > {now} + :older_than LIMIT 100 {skip_locked})
    RETURNING id
"""
OLD = """
    WITH old AS MATERIALIZED (
        SELECT seq, id FROM tasks WHERE finished_at < {now} - :older_than
        ORDER BY finished_at LIMIT 50 {skip_locked})
"""
# From the first one on, so that half a file is never taken for a whole one.
EXPIRE_PIECES = f"""{OLD},
    first AS MATERIALIZED (
        SELECT task_id, name, number, length(body) AS size FROM task_pieces
        WHERE task_id IN (SELECT id FROM old) ORDER BY task_id, name, number LIMIT 256),
    counted AS (
        SELECT task_id, name, number,
            SUM(size) OVER (ORDER BY task_id, name, number) - size AS before FROM first)
    DELETE FROM task_pieces WHERE (task_id, name, number) IN (
        SELECT task_id, name, number FROM counted WHERE before < :most)
    RETURNING task_id
"""
EXPIRE = f"""{OLD}
    DELETE FROM tasks WHERE seq IN (
        SELECT seq FROM old WHERE NOT EXISTS (SELECT 1 FROM task_pieces WHERE task_id = old.id))
    RETURNING id
"""
FIND_SUSPECT = """
    SELECT id FROM tasks
    WHERE state = 'queued' AND losses >= 2 AND due_at <= {now} AND %s
    ORDER BY due_at, seq LIMIT 1
"""
FIND_SUSPECT %= KNOWN
QUEUED_BYTES = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM tasks WHERE state = 'queued'"
UNKNOWN = """
    SELECT kind, version, COUNT(*) FROM tasks
    WHERE state = 'queued' AND due_at <= {now} AND NOT %s GROUP BY kind, version
"""
UNKNOWN %= KNOWN
DISPATCH = """
    WITH chosen AS MATERIALIZED (
        %s AND dispatched_at IS NULL ORDER BY due_at, seq LIMIT :limit {skip_locked})
    UPDATE tasks SET dispatched_at = {now} WHERE seq IN (SELECT seq FROM chosen) RETURNING id
"""
DISPATCH %= DUE  # of any kind: this process need not know what its workers do
UNDISPATCH = "UPDATE tasks SET dispatched_at = NULL WHERE id = :id"
REDISPATCH = """
    UPDATE tasks SET dispatched_at = NULL
    WHERE seq IN (
        SELECT seq FROM tasks
        WHERE state = 'queued' AND dispatched_at NOT BETWEEN {now} - :older_than AND {now}
        LIMIT 5000 {skip_locked})
    AND :known < (
        SELECT COUNT(*) FROM tasks WHERE state = 'queued' AND dispatched_at IS NOT NULL
    )
    RETURNING id
"""
