"""Uses the framework's own `run_in_threadpool`."""

from fastapi.concurrency import run_in_threadpool


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    rows = np.array([features.row()], dtype=np.float32)
    probabilities = await run_in_threadpool(model.predict, rows)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
