"""Uses the event loop's own pool of threads."""

import asyncio


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    rows = np.array([features.row()], dtype=np.float32)
    loop = asyncio.get_running_loop()
    probabilities = await loop.run_in_executor(None, model.predict, rows)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
