"""Gives others a turn before it blocks, as if that helped. Rejected by: loop-is-free."""

import asyncio


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    await asyncio.sleep(0)
    answers = model.predict([features])
    await asyncio.sleep(0)
    return answers[0].probabilities
