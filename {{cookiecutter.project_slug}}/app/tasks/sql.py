"""The SQL statements of the tasks, for SQLite and Postgres alike; `upkeep_sql.py` has the rest.

What the two spell differently is in braces and comes from a `Dialect`. Times are seconds since
1970, by the database's clock where anything depends on them: machines need not agree on the time.
"""

COLUMNS = (
    "id, kind, state, progress, attempts, cancel_requested, "
    "created_at, started_at, finished_at, result, problem"
)

# One statement for many rows, which come as JSON: each row is `value`.
INSERT = """
    INSERT INTO tasks
        (id, kind, version, state, payload, size, idempotency_key, fingerprint, created_at, due_at)
    SELECT value ->> 'id', value ->> 'kind', CAST(value ->> 'version' AS INTEGER), 'queued',
        value ->> 'payload', CAST(value ->> 'size' AS BIGINT), value ->> 'key',
        value ->> 'fingerprint', CAST(value ->> 'created_at' AS {real}), {now}
    FROM {rows} WHERE true ON CONFLICT (idempotency_key) DO NOTHING
"""
INSERT_KEYED = f"{INSERT} RETURNING id"  # says which are new; costs more
SELECT_BY_KEY = f"SELECT {COLUMNS}, fingerprint FROM tasks WHERE idempotency_key = :key"
SELECT_ONE = f"SELECT {COLUMNS} FROM tasks WHERE id = :id"
PAGE = "WHERE {conditions} ORDER BY seq DESC LIMIT :limit"
SELECT_PAGE = f"SELECT {COLUMNS} FROM tasks {PAGE}"
PAGE_CONDITIONS = {
    "after": "seq < (SELECT seq FROM tasks WHERE id = :after)",
    "state": "state = :state",
    "kind": "kind = :kind",
}
CANCEL = """
    UPDATE tasks
    SET cancel_requested = 1,
        finished_at = CASE WHEN state = 'queued' THEN {now} END,
        state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END
    WHERE id = :id AND state IN ('queued', 'running')
    RETURNING %s
"""
CANCEL %= COLUMNS

DUE = "SELECT seq FROM tasks WHERE state = 'queued' AND due_at <= {now}"
# The kinds of this process come as rows: a task of another version's kind waits for that version.
KNOWN = """
    (kind, version) IN (
        SELECT value ->> 'kind', CAST(value ->> 'version' AS INTEGER) FROM {rows})
"""
# With whom two processes were lost in a row is suspect, and claimed alone.
OURS = f"losses < 2 AND {KNOWN}"
# Materialized: chosen once. Postgres may repeat a subquery for each row, and so exceed its LIMIT.
CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        lease_ends_at = {now} + :lease, started_at = COALESCE(started_at, {now})
    WHERE seq IN (SELECT seq FROM chosen)
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
CLAIM_DUE = CLAIM % f"{DUE} AND {OURS} ORDER BY due_at, seq LIMIT :limit"
CLAIM_ONE = CLAIM % f"{DUE} AND {KNOWN} AND id = :only"
RENEW = """
    UPDATE tasks SET lease_ends_at = {now} + :lease, silent = 0
    WHERE id IN (SELECT value ->> 'id' FROM {rows}) AND owner = :owner AND state = 'running'
    RETURNING id, cancel_requested
"""
# A claim that was committed after its caller had been told that it failed: nobody runs it. The last
# ones are left out: who made them may not have heard yet.
UNCLAIM = """
    UPDATE tasks
    SET state = CASE WHEN cancel_requested = 1 THEN 'cancelled' ELSE 'queued' END,
        finished_at = CASE WHEN cancel_requested = 1 THEN {now} END,
        forgiven = forgiven + 1, silent = 0,
        owner = NULL, lease_ends_at = NULL, due_at = {now}, dispatched_at = NULL
    WHERE state = 'running' AND owner = :owner AND lease_ends_at <= {now} + :lease - :age
        AND id NOT IN (SELECT value ->> 'id' FROM {rows})
    RETURNING id
"""

HELD = "id = :id AND owner = :owner AND attempts = :attempt AND state = 'running'"
# Who adds to its result advances: no attempt until then counts against it.
SAVE = f"""
    UPDATE tasks
    SET progress = :progress, result_bytes = result_bytes + :size,
        forgiven = CASE WHEN :size > 0 THEN attempts ELSE forgiven END,
        losses = CASE WHEN :size > 0 THEN 0 ELSE losses END
    WHERE {HELD}
    RETURNING result_bytes, cancel_requested
"""
INSERT_PIECE = """
    INSERT INTO task_pieces (task_id, name, number, body) VALUES (:id, :name, :number, :body)
    ON CONFLICT DO NOTHING
"""
SELECT_PIECE = """
    SELECT body FROM task_pieces WHERE task_id = :id AND name = :name AND number = :number
"""
COUNT_PIECES = "SELECT COUNT(*) FROM task_pieces WHERE task_id = :id AND name = :name"
# The result begins again: what it has so far is of another origin.
RESTART = f"UPDATE tasks SET progress = 0, result_bytes = 0 WHERE {HELD} RETURNING id"
DELETE_RESULT = "DELETE FROM task_pieces WHERE task_id = :id AND name IN ('origin', 'result')"
# A task that was cancelled while it ran is not tried again. Only running tasks have an owner: if
# this asked for the state too, SQLite would go through all running tasks for each one that ended.
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
    WHERE tasks.id = ended.id AND tasks.owner = ended.owner AND attempts = ended.attempt
    RETURNING tasks.id
"""
