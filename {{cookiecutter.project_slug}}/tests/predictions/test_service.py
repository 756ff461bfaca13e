"""The model is asked in a thread: a slow inference holds nobody else up."""

import asyncio
import threading

import numpy as np

from app.model.features import Features
from app.model.loader import Matrix
from app.predictions.service import predict
from tests.fakes import FLOWER, FakeModel


class HeldModel(FakeModel):
    """Each inference waits until the test lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.started = threading.Semaphore(0)
        self.gate = threading.Event()

    def predict(self, rows: Matrix) -> Matrix:
        """Wait at the gate."""
        self.started.release()
        assert self.gate.wait(timeout=30)
        return super().predict(np.asarray(rows))


def test_the_loop_turns_while_inferences_run() -> None:
    model = HeldModel()

    async def three_at_once() -> list[str]:
        asked = [asyncio.create_task(predict(model, Features(**FLOWER))) for _ in range(3)]
        for _ in asked:  # all three are under way, and this coroutine still runs
            assert await asyncio.to_thread(model.started.acquire, timeout=30)
        assert not any(task.done() for task in asked)
        model.gate.set()
        return [prediction.label for prediction in await asyncio.gather(*asked)]

    assert asyncio.run(three_at_once()) == ["short"] * 3
