"""Uses the event loop's own pool of threads."""

import asyncio


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    loop = asyncio.get_running_loop()
    answers = await loop.run_in_executor(None, model.predict, [features])
    return answers[0].probabilities
