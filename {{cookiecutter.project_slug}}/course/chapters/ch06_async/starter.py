from app.todo import TodoError


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    # 1. Make the features into an array of one row, as the model expects it.
    # 2. Have the model predict. It takes long, and it does not await: where may it run?
    # 3. Give each of the model's labels its probability, from the only row.
    raise TodoError("06", "ask the model without blocking the event loop.")
