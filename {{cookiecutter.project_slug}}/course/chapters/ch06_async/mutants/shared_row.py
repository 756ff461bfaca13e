"""Has one array for everyone, which the threads overwrite. Rejected by: own-answers."""

rows = np.zeros((1, 4), dtype=np.float32)


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    rows[0] = features.row()
    probabilities = await to_thread.run_sync(model.predict, rows)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
