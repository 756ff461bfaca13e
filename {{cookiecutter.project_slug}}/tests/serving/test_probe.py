"""What a balancer is told of the model, which is asked for it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.serving.answers import Classification
from app.serving.errors import BadAnswerError, ModelBusyError, ModelNotReadyError
from app.serving.probe import Probe
from tests.fakes import SHORT, Flower, flower

pytestmark = pytest.mark.anyio

LONGEST_SECONDS = 30
EXAMPLE = flower()


def wrong(probability: float) -> Classification:
    """Return an answer that is none."""
    return Classification.model_construct(label="long", probabilities={"long": probability})


class Asked:
    """A model's queue, which raises or gives what the test says; records each row."""

    def __init__(self, outcome: Classification | BaseException = SHORT) -> None:
        self.outcome = outcome
        self.example = EXAMPLE
        self.rows: list[Flower] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def ask(
        self, row: Flower, _: Callable[[], Awaitable[object]]
    ) -> tuple[Classification, None]:
        """Wait at the gate, then answer."""
        self.rows.append(row)
        await self.gate.wait()
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome, None


async def until_ready(probe: Probe) -> None:
    """Return once the probe raises nothing."""
    async with asyncio.timeout(LONGEST_SECONDS):
        while True:
            try:
                return await probe.check()
            except ModelNotReadyError:
                await asyncio.sleep(0.01)


async def test_a_model_that_answers_is_ready() -> None:
    asked = Asked()
    await Probe(asked).check()
    assert asked.rows == [EXAMPLE]


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (KeyError("a bug"), KeyError),
        (SystemExit("in a validator"), SystemExit),
        (wrong(float("nan")), BadAnswerError),
        (wrong(7), BadAnswerError),
    ],
)
async def test_a_model_that_always_fails_is_not_ready_until_it_answers(
    outcome: Classification | BaseException, cause: type[BaseException]
) -> None:
    """No client need come for that: a balancer sends none to a service that is not ready."""
    asked = Asked(outcome)
    probe = Probe(asked)
    for _ in range(3):
        with pytest.raises(ModelNotReadyError) as raised:
            await probe.check()
        assert isinstance(raised.value.__cause__, cause)
    asked.outcome = SHORT
    await until_ready(probe)


async def test_the_model_is_asked_once_for_all_who_want_to_know() -> None:
    asked = Asked()
    probe = Probe(asked)
    asked.gate.clear()
    checks = [asyncio.create_task(probe.check()) for _ in range(50)]
    await asyncio.sleep(0)
    checks.pop().cancel()  # one client leaves, which is no answer for the others
    asked.gate.set()
    await asyncio.gather(*checks)
    assert len(asked.rows) == 1


async def test_while_the_model_works_its_last_answer_counts() -> None:
    asked = Asked(KeyError("a bug"))
    probe = Probe(asked)
    asked.gate.clear()
    await probe.check()
    asked.gate.set()
    await asyncio.sleep(0)
    with pytest.raises(ModelNotReadyError):
        await probe.check()


async def test_a_full_queue_says_that_the_model_works() -> None:
    await Probe(Asked(ModelBusyError())).check()
