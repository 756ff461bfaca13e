from app.todo import TodoError


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    # 1. Have the model predict: it takes a list of features, and gives a list of answers. It takes
    #    long, and it does not await: where may it run?
    # 2. Return the `probabilities` of the only answer.
    raise TodoError("06", "ask the model without blocking the event loop.")
