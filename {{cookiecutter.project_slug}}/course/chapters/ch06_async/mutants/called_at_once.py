"""Calls the model, and hands the thread the result, not the function. Rejected by: answer."""


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    answers = await to_thread.run_sync(model.predict([features]))
    return answers[0].probabilities
