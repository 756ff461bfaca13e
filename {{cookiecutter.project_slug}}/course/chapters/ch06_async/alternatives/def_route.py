"""Leaves it to the framework, which runs a `def` route in a thread."""


@router.post("/ask")
def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    rows = np.array([features.row()], dtype=np.float32)
    probabilities = model.predict(rows)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
