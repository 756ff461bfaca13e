DUE = """
    SELECT seq FROM tasks
    -- 1. Only tasks that are queued, and whose time (due_at) has come. {now} is this moment.
    WHERE false
"""
CLAIM = """
    WITH chosen AS MATERIALIZED (%s {skip_locked})
    UPDATE tasks
    -- 2. Besides the state: who has the task (owner), that this is one more attempt, when the
    --    lease ends (now, plus the seconds that it lasts), and when the task was started,
    --    if it was never started before.
    SET state = 'running'
    WHERE seq IN (SELECT seq FROM chosen)
    RETURNING id, kind, payload, attempts, attempts - forgiven
"""
# 3. After the two: the longest waiting first, and no more than the limit.
CLAIM_DUE = CLAIM % f"{DUE} AND {OURS}"
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
    -- 5. Only the task that has ended, and only while it still belongs to the run that ended.
    WHERE false
    RETURNING tasks.id
"""


# file: app/tasks/store.py
from app import errors
from app.todo import TodoError

to_do = ["claim tasks; until then, they stay queued."]


class TaskStore:
    @writes
    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks of known kinds, the longest waiting first, or the `only` one.

        Each is an attempt.
        """
        # 4. The statement is sql.CLAIM_DUE, or sql.CLAIM_ONE for the `only` task. Run it: `renew`
        #    below shows how values are passed by name; here `rows` is self._known, the kinds of
        #    this process. Then make a Claim from each row. RETURNING lists what is in a row.
        while to_do and self._execute("SELECT id FROM tasks WHERE state = 'queued' LIMIT 1"):
            # a task is waiting; claim() is called all the time, but says so only once
            errors.logger.warning("to_do", detail=TodoError("08", to_do.pop()).detail)
        return []
