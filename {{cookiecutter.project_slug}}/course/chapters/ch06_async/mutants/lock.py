"""Lets in one request at a time. Rejected by: side-by-side."""

import asyncio

lock = asyncio.Lock()


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    async with lock:
        answers = await to_thread.run_sync(model.predict, [features])
    return answers[0].probabilities
