"""The end of a soak: once all is quiet, read back everything that was promised."""

import asyncio
import time
from collections.abc import Iterable

from benchmarks.measure import note
from benchmarks.soak.load import HEADER, Client, line, same
from benchmarks.soak.record import FILES, PREDICTIONS, RESULTS, Json, Record
from benchmarks.soak.stage import LEASE_SECONDS, Stage

LONGEST_REST_SECONDS = 60 + 6 * LEASE_SECONDS
LARGEST_LOG = 2**25  # app/storage/sqlite.py
AT_ONCE = 8


async def read_all(client: Client, record: Record) -> None:
    """Wait for every task, then read every result and every prediction."""
    note("Waiting for the last tasks")
    deadline = time.monotonic() + LONGEST_REST_SECONDS
    while (left := [i for i in record.tasks if i not in record.ends]) and (
        time.monotonic() < deadline
    ):
        await each(read_task, left, client, record)
        await asyncio.sleep(1)
    note(f"Reading {len(record.tasks):,} tasks and {len(record.predictions):,} predictions back")
    await each(read_task, record.tasks, client, record)
    await each(read_result, record.rows, client, record)
    await each(read_prediction, record.predictions, client, record)


async def each(read: Json, ids: Iterable[str], client: Client, record: Record) -> None:
    """Read one after the other, some at once."""
    left = list(ids)

    async def some() -> None:
        while left:
            await read(left.pop(), client, record)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def read_task(task_id: str, client: Client, record: Record) -> None:
    """Note how a task ended, if it has."""
    if answer := await client.send("GET", f"/v1/tasks/{task_id}"):
        record.see(answer.json())


async def read_prediction(prediction_id: str, client: Client, record: Record) -> None:
    """Compare a prediction with what was answered."""
    answer = await client.send("GET", f"/v1/predictions/{prediction_id}")
    if not answer or answer.json() != record.predictions[prediction_id]:
        record.wrong(PREDICTIONS, f"{prediction_id}: {answer and answer.text}")


async def read_result(task_id: str, client: Client, record: Record) -> None:
    """Compare a CSV with what `/v1/predict` answers for its flowers."""
    answer = await client.send("GET", f"/v1/tasks/{task_id}/result")
    why = difference(answer.text, record.rows[task_id], client.right) if answer else "no answer"
    if why:
        record.wrong(RESULTS, f"{task_id}: {why}")


def difference(text: str, rows: list[int], right: list[Json]) -> str | None:
    """Say where a result differs from what it must be."""
    header, *lines = text.splitlines()
    labels = list(right[0]["probabilities"])
    if header != f"{HEADER},label,{','.join(f'probability_{label}' for label in labels)}":
        return f"the header is {header}"
    if len(lines) != len(rows):
        return f"{len(lines)} rows instead of {len(rows)}"
    for n, (found, number) in enumerate(zip(lines, rows, strict=True)):
        *_, label = values = found.split(",")[: -len(labels)]
        numbers = map(float, found.split(",")[-len(labels) :])
        answer = {
            **right[number],
            "label": label,
            "probabilities": dict(zip(labels, numbers, strict=True)),
        }
        if ",".join(values[:-1]) != line(n, number) or not same(answer, right[number]):
            return f"row {n} is {found}"
    return None


def look_at_files(stage: Stage, record: Record) -> None:
    """Note which files are left."""
    for path in stage.temporary.rglob("*"):
        if path.is_dir():  # multiprocessing's, of a program that was killed
            continue
        record.wrong(FILES, f"left: {path.relative_to(stage.temporary)}")
    log = stage.database.with_name(f"{stage.database.name}-wal")
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        record.wrong(FILES, f"the log of SQLite has {log.stat().st_size:,} bytes")
