"""Chapter 06: a held inference must not hold anyone up."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from learn.grading.gate import wait_until
from learn.grading.lab import CheckFailed, Exchange, Lab, check

ASK = "/v1/concurrency/ask"
LIVE = "/health/live"
SHORT = {"short": 0.75, "long": 0.25}
LONG = {"short": 0.25, "long": 0.75}
PATIENCE_SECONDS = 5


class Held(list["Future[Exchange]"]):
    """Requests that are under way while no inference comes back."""

    begun = 0  # how many inferences have begun


@contextmanager
def asked(lab: Lab, *sepals: float) -> Iterator[Held]:
    """Keep a request for each of these lengths under way and held, and release them at the end."""
    gate = lab.app.gate
    with ThreadPoolExecutor(len(sepals)) as pool, gate.hold():
        before = len(gate.events("predict"))
        flowers = [lab.flower(sepal_length_cm=length) for length in sepals]
        held = Held(pool.submit(lab.app.post, ASK, flower) for flower in flowers)

        def all_begun() -> bool:
            held.begun = len(gate.events("predict")) - before
            return held.begun >= len(sepals)

        wait_until(lambda: all_begun() or held.begun > 0 or held[0].done())
        wait_until(all_begun, 3)
        yield held


def seconds_to_wait(lab: Lab) -> float:
    """Return how long to wait: not for long if the model itself reports that it blocks the loop."""
    in_main_thread = [event["main_thread"] for event in lab.app.gate.events("predict")]
    return 1 if in_main_thread and in_main_thread[-1] else PATIENCE_SECONDS


@check("answer")
def answer_is_the_models(lab: Lab) -> None:
    lab.app.post(ASK, lab.flower(sepal_length_cm=5.0)).expect(200, SHORT, why="answer")
    lab.app.post(ASK, lab.flower(sepal_length_cm=7.0)).expect(200, LONG, why="answer")


@check("loop-is-free")
def loop_is_free(lab: Lab) -> None:
    with asked(lab, 5.0) as [held]:
        live = lab.app.get(LIVE, seconds=seconds_to_wait(lab))
        if live.status != 200:
            live.fail("200, while an inference is held", why="blocked")
    held.result().expect(200, SHORT, why="answer")


@check("side-by-side")
def inferences_are_side_by_side(lab: Lab) -> None:
    with asked(lab, 5.0, 7.0, 5.0) as held:
        if held.begun < 3:
            sent = f"3 times POST {ASK}"
            raise CheckFailed("queued", sent=sent, expected="3 begun", started=held.begun)


@check("own-answers")
def everybody_gets_their_own(lab: Lab) -> None:
    with asked(lab, 7.0, 5.0, 5.2) as held:
        pass  # all three have begun
    for answer, expected in zip(held, (LONG, SHORT, SHORT), strict=True):
        answer.result().expect(200, expected, why="mixed")


@check("waits-for-it")
def answer_waits_for_the_inference(lab: Lab) -> None:
    with asked(lab, 5.0) as [held]:
        for _ in range(5):
            lab.app.get(LIVE, seconds=PATIENCE_SECONDS)
        if held.done():
            held.result().fail("no answer yet", why="early")
    held.result().expect(200, SHORT, why="answer")
