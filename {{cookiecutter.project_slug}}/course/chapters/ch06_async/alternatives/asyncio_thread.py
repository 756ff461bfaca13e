"""Uses Python's own `asyncio.to_thread`."""

import asyncio


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    answers = await asyncio.to_thread(model.predict, [features])
    return answers[0].probabilities
