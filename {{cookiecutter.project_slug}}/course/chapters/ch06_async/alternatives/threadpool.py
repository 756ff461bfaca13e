"""Uses the framework's own `run_in_threadpool`."""

from fastapi.concurrency import run_in_threadpool


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    answers = await run_in_threadpool(model.predict, [features])
    return answers[0].probabilities
