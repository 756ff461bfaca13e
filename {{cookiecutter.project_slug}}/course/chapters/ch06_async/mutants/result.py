"""Has a thread do it, then blocks the loop to wait for the thread. Rejected by: loop-is-free."""

from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(8)


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    answers = pool.submit(model.predict, [features]).result()
    return answers[0].probabilities
