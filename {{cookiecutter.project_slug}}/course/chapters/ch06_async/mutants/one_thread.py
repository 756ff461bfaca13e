"""Has one thread for everyone. Rejected by: side-by-side."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    loop = asyncio.get_running_loop()
    answers = await loop.run_in_executor(pool, model.predict, [features])
    return answers[0].probabilities
