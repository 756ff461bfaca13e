"""Wraps the call in a coroutine that awaits nothing. Rejected by: loop-is-free."""


async def predict(model: ModelDep, rows: np.ndarray) -> np.ndarray:
    """Ask the model."""
    return model.predict(rows)


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    rows = np.array([features.row()], dtype=np.float32)
    probabilities = await predict(model, rows)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
