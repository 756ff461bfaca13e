"""Gives others a turn before it blocks, as if that helped. Rejected by: loop-is-free."""

import asyncio


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    rows = np.array([features.row()], dtype=np.float32)
    await asyncio.sleep(0)
    probabilities = model.predict(rows)
    await asyncio.sleep(0)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
