"""A version that takes the place of another: who uses the old one keeps it, and then it closes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from app.serving.answers import Classification
from app.serving.current import Current
from app.serving.errors import ModelClosedError
from app.serving.loaded import LoadedModel
from tests.fakes import (
    CARD,
    ChangedModel,
    FakeModel,
    Flower,
    HeldModel,
    flower,
    loaded,
    queue_before,
)

NEWER = CARD.model_copy(update={"version": "111111111111"})


def newer(model: FakeModel | None = None) -> LoadedModel[Flower, Classification]:
    """Return a later version."""
    made = model or FakeModel()
    made.card = NEWER
    return loaded(made)


def test_the_old_version_is_closed_once_nobody_uses_it() -> None:
    old = FakeModel()
    current = Current(loaded(old))
    with current.pinned() as first:
        with current.pinned() as second:
            current.replace(newer())
            assert second is first
        assert "close" not in old.calls
        assert first.predict([flower()])  # who has pinned it may go on to ask it
        with current.pinned() as third:
            assert third.card == NEWER
    assert old.calls.count("close") == 1
    with pytest.raises(ModelClosedError):
        first.predict([flower()])


class Once(list[Classification]):
    """Answers that can be looked at once."""

    def __iter__(self) -> Iterator[Classification]:
        """Give them away."""
        found, self[:] = self[:], []
        return iter(found)


@pytest.mark.anyio
async def test_answers_that_can_be_looked_at_once_are_looked_at_once() -> None:
    with closing(queue_before(ChangedModel(Once))) as model:
        for _ in range(3):
            answer, _ = await model.ask(flower(), asyncio.Event().wait)
            assert answer.label == "short"


def test_a_version_that_nobody_uses_is_closed_at_once_and_only_once() -> None:
    old = FakeModel()
    current = Current(loaded(old))
    current.replace(newer())
    current.loaded.close()
    assert old.calls.count("close") == 1


@pytest.mark.parametrize("error", [OSError("it will not close"), SystemExit(0)])
def test_a_version_that_cannot_be_closed_hinders_nothing(error: BaseException) -> None:
    class Stubborn(FakeModel):
        def close(self) -> None:
            raise error

    current = Current(loaded(Stubborn()))
    with current.pinned() as old:
        current.replace(newer())
        assert old.predict([flower()])
    assert current.loaded.card == NEWER


def test_what_is_closed_takes_no_version_any_more() -> None:
    late = FakeModel()
    current = Current(loaded(FakeModel()))
    assert current.close()
    with pytest.raises(ModelClosedError), current.pinned():
        pass
    current.replace(newer(late))
    assert late.calls[-1] == "close"


def test_many_may_use_and_replace_it_at_once() -> None:
    made = [FakeModel() for _ in range(200)]
    current = Current(loaded(made[0]))
    done = threading.Event()
    wrong: list[BaseException] = []

    def use() -> None:
        while not done.is_set():
            try:
                with current.pinned() as version:
                    version.predict([flower()])
            except BaseException as error:
                wrong.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for model in made[1:]:
        current.replace(loaded(model))
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [model.calls.count("close") for model in made] == [1] * 199 + [0]
    assert all(model.calls[-1] == "close" for model in made[:-1])


@pytest.mark.anyio
async def test_a_batch_is_answered_by_the_version_that_it_began_with() -> None:
    held = HeldModel()
    async with asyncio.timeout(30):
        with closing(queue_before(held)) as model:
            first = asyncio.create_task(model.ask(flower(7), asyncio.Event().wait))
            assert await asyncio.to_thread(held.started.acquire, timeout=30)
            model.current.replace(newer())
            second = asyncio.create_task(model.ask(flower(7), asyncio.Event().wait))
            await asyncio.sleep(0)
            held.gate.set()
            assert [card.version for _, card in (await first, await second)] == [
                CARD.version,
                NEWER.version,
            ]
    assert held.calls[-1] == "close"
