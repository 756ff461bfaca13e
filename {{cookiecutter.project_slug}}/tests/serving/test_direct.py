"""Calls of the model that bypass the queue: what a caller gets, and what is left behind."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from app.serving.answers import Classification
from app.serving.direct import ROWS, DirectCalls
from app.serving.errors import ModelTimeoutError
from tests.fakes import FakeModel, Flower, HeldModel, flower, loaded

LONGEST_SECONDS = 30
SHORT_SECONDS = 0.2


@pytest.fixture
def held() -> Iterator[HeldModel]:
    model = HeldModel()
    yield model
    model.gate.set()


def sepals(*lengths: float) -> list[Flower]:
    """Return a flower for each of these lengths."""
    return [flower(length) for length in lengths]


def wait_for_threads() -> None:
    """Wait until no call is under way any more."""
    for thread in threading.enumerate():
        if thread.name == "model-direct":
            thread.join(LONGEST_SECONDS)


@pytest.mark.parametrize(("size", "sizes"), [(32, [ROWS, ROWS, 1]), (1, [1] * (2 * ROWS + 1))])
def test_rows_go_in_batches_and_come_back_in_order(
    held: HeldModel, size: int, sizes: list[int]
) -> None:
    """In large ones, but row by row if MODEL_BATCH_SIZE says so."""
    held.gate.set()
    calls = DirectCalls(size, LONGEST_SECONDS)
    given = sepals(*[5, 7] * ROWS, 5)
    answers = calls.predict(loaded(held).predict, given)
    assert [len(rows) for rows in held.asked] == sizes
    assert [answer.label == "long" for answer in answers] == [False, True] * ROWS + [False]
    wait_for_threads()


def test_a_caller_does_not_wait_for_a_model_that_hangs(held: HeldModel) -> None:
    calls = DirectCalls(1, SHORT_SECONDS)
    with pytest.raises(ModelTimeoutError):
        calls.predict(loaded(held).predict, sepals(5, 7))
    held.gate.set()
    wait_for_threads()
    assert held.asked == [[5]]  # nobody waits for the second batch
    assert len(calls.predict(loaded(held).predict, sepals(5, 7))) == 2


def test_no_more_threads_are_left_behind_than_may_be_under_way(held: HeldModel) -> None:
    calls = DirectCalls(32, SHORT_SECONDS, most_calls=2)
    for _ in range(4):
        with pytest.raises(ModelTimeoutError):
            calls.predict(loaded(held).predict, sepals(5))
    assert held.asked == [[5], [5]]
    held.gate.set()
    wait_for_threads()
    assert len(calls.predict(loaded(held).predict, sepals(5))) == 1


def test_what_the_model_raises_is_raised_and_frees_the_place() -> None:
    def refuse(rows: Sequence[Flower]) -> list[Classification]:
        if any(row.sepal_length_cm == 13 for row in rows):
            raise TimeoutError("thirteen")
        return list(FakeModel().predict(rows))

    calls = DirectCalls(1, LONGEST_SECONDS, most_calls=1)
    for _ in range(3):
        with pytest.raises(TimeoutError, match="thirteen"):
            calls.predict(refuse, sepals(5, 13, 7))
    assert len(calls.predict(refuse, sepals(5, 7))) == 2


def test_a_thread_that_does_not_start_costs_no_place(
    monkeypatch: pytest.MonkeyPatch, held: HeldModel
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    held.gate.set()
    calls = DirectCalls(32, LONGEST_SECONDS, most_calls=1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            calls.predict(loaded(held).predict, sepals(5))
    assert len(calls.predict(loaded(held).predict, sepals(5))) == 1
