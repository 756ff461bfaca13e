"""Wraps the call in a coroutine that awaits nothing. Rejected by: loop-is-free."""


async def predict(model: ModelDep, features: Features) -> list[Classification]:
    """Ask the model."""
    return model.predict([features])


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    answers = await predict(model, features)
    return answers[0].probabilities
