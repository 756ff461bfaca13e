"""Has a thread do it, then blocks the loop to wait for the thread. Rejected by: loop-is-free."""

from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(8)


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    rows = np.array([features.row()], dtype=np.float32)
    probabilities = pool.submit(model.predict, rows).result()
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
