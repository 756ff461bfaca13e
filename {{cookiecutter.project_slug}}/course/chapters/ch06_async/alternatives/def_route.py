"""Leaves it to the framework, which runs a `def` route in a thread."""


@router.post("/ask")
def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    answers = model.predict([features])
    return answers[0].probabilities
