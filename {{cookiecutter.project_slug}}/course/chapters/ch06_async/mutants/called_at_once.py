"""Calls the model and gives the thread what came of it, not the function. Rejected by: answer."""


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """How probable each label is."""
    rows = np.array([features.row()], dtype=np.float32)
    probabilities = await to_thread.run_sync(model.predict(rows))
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
