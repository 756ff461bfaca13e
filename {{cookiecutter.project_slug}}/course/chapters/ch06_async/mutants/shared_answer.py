"""Has one place for everyone's answer. Rejected by: own-answers."""

import asyncio

answer: dict[str, float] = {}


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    answers = await to_thread.run_sync(model.predict, [features])
    answer.update(answers[0].probabilities)
    await asyncio.sleep(0.2)
    return answer
