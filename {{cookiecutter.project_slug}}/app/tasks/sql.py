"""Every SQL statement of the tasks, for SQLite and Postgres alike, and the schema.

What the two spell differently is in braces and comes from a `Dialect`. Times are seconds since
1970, by the database's clock where anything depends on them: machines need not agree on the time.
"""

MIGRATIONS = (
    (
        """
        CREATE TABLE IF NOT EXISTS tasks (
            seq {serial},
            id TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            state TEXT NOT NULL,
            progress {real} NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            cancel_requested INTEGER NOT NULL DEFAULT 0,
            created_at {real} NOT NULL,
            started_at {real},
            finished_at {real},
            result TEXT,
            problem TEXT,
            payload TEXT NOT NULL,
            idempotency_key TEXT UNIQUE,
            fingerprint TEXT NOT NULL,
            due_at {real} NOT NULL,
            dispatched_at {real},
            owner TEXT,
            lease_ends_at {real},
            result_bytes INTEGER NOT NULL DEFAULT 0
        )
        """,
        # Partial, so that a hundred thousand finished tasks cost the queue nothing.
        "CREATE INDEX IF NOT EXISTS tasks_due ON tasks (state, due_at) WHERE state = 'queued'",
        """
        CREATE INDEX IF NOT EXISTS tasks_leases ON tasks (state, lease_ends_at)
        WHERE state = 'running'
        """,
        """
        CREATE INDEX IF NOT EXISTS tasks_finished ON tasks (finished_at)
        WHERE finished_at IS NOT NULL
        """,
        "CREATE INDEX IF NOT EXISTS tasks_states ON tasks (state, seq)",
        "CREATE INDEX IF NOT EXISTS tasks_kinds ON tasks (kind, seq)",
        "CREATE INDEX IF NOT EXISTS tasks_kinds_states ON tasks (kind, state, seq)",
        """
        CREATE TABLE IF NOT EXISTS task_pieces (
            task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            number INTEGER NOT NULL,
            body {blob} NOT NULL,
            PRIMARY KEY (task_id, name, number)
        )
        """,
        "DROP TABLE IF EXISTS task_schema",  # where an earlier version counted its migrations
    ),
)

COLUMNS = (
    "id, kind, state, progress, attempts, cancel_requested, "
    "created_at, started_at, finished_at, result, problem"
)

# One statement for many rows, which come as JSON: each row is `value`.
INSERT = """
    INSERT INTO tasks (id, kind, state, payload, idempotency_key, fingerprint, created_at, due_at)
    SELECT value ->> 'id', value ->> 'kind', 'queued', value ->> 'payload', value ->> 'key',
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
# Materialized: chosen once. Postgres may repeat a subquery for each row, and so exceed its LIMIT.
CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    SET state = 'running', owner = :owner, attempts = attempts + 1,
        lease_ends_at = {now} + :lease, started_at = COALESCE(started_at, {now})
    WHERE seq IN (SELECT seq FROM chosen) RETURNING id, kind, payload, attempts
"""
CLAIM_DUE = CLAIM % f"{DUE} ORDER BY due_at, seq LIMIT :limit"
CLAIM_ONE = CLAIM % f"{DUE} AND id = :only"
RENEW = """
    UPDATE tasks SET lease_ends_at = {now} + :lease
    WHERE id IN (SELECT value ->> 'id' FROM {rows}) AND owner = :owner AND state = 'running'
    RETURNING id, cancel_requested
"""

HELD = "id = :id AND owner = :owner AND attempts = :attempt AND state = 'running'"
SAVE = f"""
    UPDATE tasks SET progress = :progress, result_bytes = result_bytes + :size WHERE {HELD}
    RETURNING result_bytes, cancel_requested
"""
INSERT_PIECE = "INSERT INTO task_pieces VALUES (:id, :name, :number, :body) ON CONFLICT DO NOTHING"
SELECT_PIECE = """
    SELECT body FROM task_pieces WHERE task_id = :id AND name = :name AND number = :number
"""
COUNT_PIECES = "SELECT COUNT(*) FROM task_pieces WHERE task_id = :id AND name = :name"
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

RESCUE = """
    WITH chosen AS MATERIALIZED (
        SELECT seq FROM tasks WHERE state = 'running' AND lease_ends_at < {now}
        ORDER BY lease_ends_at LIMIT 100 {skip_locked})
    UPDATE tasks
    SET state = CASE WHEN cancel_requested = 1 THEN 'cancelled'
            WHEN attempts >= :max_attempts THEN 'dead' ELSE 'queued' END,
        problem = CASE WHEN cancel_requested = 0 AND attempts >= :max_attempts
            THEN :problem ELSE problem END,
        finished_at = CASE WHEN cancel_requested = 1 OR attempts >= :max_attempts THEN {now} END,
        owner = NULL, lease_ends_at = NULL, due_at = {now}, dispatched_at = NULL
    WHERE seq IN (SELECT seq FROM chosen) RETURNING id, state
"""
EXPIRE = """
    WITH chosen AS MATERIALIZED (
        SELECT seq FROM tasks WHERE finished_at < {now} - :older_than
        ORDER BY finished_at LIMIT 500 {skip_locked})
    DELETE FROM tasks WHERE seq IN (SELECT seq FROM chosen) RETURNING id
"""
DISPATCH = """
    WITH chosen AS MATERIALIZED (
        %s AND dispatched_at IS NULL ORDER BY due_at, seq LIMIT :limit {skip_locked})
    UPDATE tasks SET dispatched_at = {now} WHERE seq IN (SELECT seq FROM chosen) RETURNING id
"""
DISPATCH %= DUE
UNDISPATCH = "UPDATE tasks SET dispatched_at = NULL WHERE id = :id"
REDISPATCH = """
    UPDATE tasks SET dispatched_at = NULL
    WHERE seq IN (
        SELECT seq FROM tasks
        WHERE state = 'queued' AND dispatched_at <= {now} - :older_than {skip_locked})
    AND :known < (
        SELECT COUNT(*) FROM tasks WHERE state = 'queued' AND dispatched_at IS NOT NULL
    )
    RETURNING id
"""
