"""Calls the model in the event loop. Rejected by: loop-is-free."""


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    answers = model.predict([features])
    return answers[0].probabilities
