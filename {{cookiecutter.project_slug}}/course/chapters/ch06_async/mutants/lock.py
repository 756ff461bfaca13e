"""Lets in one request at a time. Rejected by: side-by-side."""

import asyncio

lock = asyncio.Lock()


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    rows = np.array([features.row()], dtype=np.float32)
    async with lock:
        probabilities = await to_thread.run_sync(model.predict, rows)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
