"""Has one thread for everyone. Rejected by: side-by-side."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return how probable each label is."""
    rows = np.array([features.row()], dtype=np.float32)
    loop = asyncio.get_running_loop()
    probabilities = await loop.run_in_executor(pool, model.predict, rows)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))
