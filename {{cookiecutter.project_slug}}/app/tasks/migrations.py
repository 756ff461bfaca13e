"""The schema of the tasks, one migration after another.

While a new version is rolled out, the previous one goes on with the new schema: a new column has a
default, and no column changes its meaning.
"""

MIGRATIONS = (
    (
        """
        CREATE TABLE tasks (
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
            result_bytes INTEGER NOT NULL DEFAULT 0,
            version INTEGER NOT NULL DEFAULT 1, -- of the kind
            size BIGINT NOT NULL DEFAULT 0, -- of payload and input
            forgiven INTEGER NOT NULL DEFAULT 0, -- attempts
            losses INTEGER NOT NULL DEFAULT 0, -- of its process
            silent INTEGER NOT NULL DEFAULT 0 -- see `upkeep_sql.DOUBT`
        )
        """,
        # Partial, so that a hundred thousand finished tasks cost the queue nothing; with all that a
        # claim asks for, and `seq` where its order needs it.
        """
        CREATE INDEX tasks_due ON tasks (state, due_at, seq, kind, version, losses, size)
        WHERE state = 'queued'
        """,
        """
        CREATE INDEX tasks_suspects ON tasks (state, due_at, seq, id, kind, version)
        WHERE state = 'queued' AND losses >= 2
        """,
        "CREATE INDEX tasks_leases ON tasks (state, lease_ends_at) WHERE state = 'running'",
        "CREATE INDEX tasks_finished ON tasks (finished_at) WHERE finished_at IS NOT NULL",
        "CREATE INDEX tasks_states ON tasks (state, seq)",
        "CREATE INDEX tasks_kinds ON tasks (kind, seq)",
        "CREATE INDEX tasks_kinds_states ON tasks (kind, state, seq)",
        """
        CREATE TABLE task_pieces (
            task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            number INTEGER NOT NULL,
            body {blob} NOT NULL,
            PRIMARY KEY (task_id, name, number)
        )
        """,
    ),
)
