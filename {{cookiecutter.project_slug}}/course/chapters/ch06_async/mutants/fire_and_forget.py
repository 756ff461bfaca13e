"""Starts the inference and answers without it. Rejected by: waits-for-it."""

import asyncio

running = set()


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    task = asyncio.create_task(to_thread.run_sync(model.predict, [features]))
    running.add(task)
    long = 0.75 if features.sepal_length_cm > 6 else 0.25
    return {"short": 1 - long, "long": long}
