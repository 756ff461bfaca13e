"""Starts the inference and answers without it. Rejected by: waits-for-it."""

import asyncio

running = set()


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    rows = np.array([features.row()], dtype=np.float32)
    task = asyncio.create_task(to_thread.run_sync(model.predict, rows))
    running.add(task)
    long = 0.75 if rows[0, 0] > 6 else 0.25
    return dict(zip(model.card.labels, [1 - long, long], strict=True))
