"""The arithmetic: theory, rates, percentiles, and what is computed from a recording."""

import json

import pytest

from lab.figures import (
    Curve,
    Figures,
    Moment,
    Recording,
    Step,
    curve,
    percentile,
    rate,
    read_figures,
)
from lab.plan import STEPS, Run, runs, theory


@pytest.mark.parametrize(
    ("run", "users", "expected"),
    [
        (Run("await", 300), 30, 100),
        (Run("await", 50), 500, 6000),  # the cap: 500 / 0.05 would be 10,000
        (Run("def", 300), 30, 100),
        (Run("def", 300), 500, 40 / 0.3),
        (Run("def", 300, tokens=200), 500, 200 / 0.3),
        (Run("blocking", 300), 500, 1 / 0.3),
        (Run("cpu", 50), 50, 20),
    ],
)
def test_theory(run: Run, users: int, expected: float) -> None:
    assert theory(run, users, cap=6000) == pytest.approx(expected)


def test_the_sweep_has_each_handler_with_each_wait_and_more_threads() -> None:
    planned = {(run.handler, run.wait_ms, run.tokens) for run in runs()}
    assert len(planned) == len(list(runs()))
    for wait_ms in (50, 300):
        assert {(h, wait_ms, 40) for h in ("await", "def", "blocking")} <= planned
    assert {("def", 300, 100), ("def", 300, 200), ("cpu", 10, 40)} <= planned
    assert max(STEPS) <= 1000


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], 0),
        ([0.7], 0.5),  # one answer in two seconds
        ([0.1, 0.4, 0.7], 2 / 0.6),  # and not 3 / 2: nothing is known about the rest
        ([0.1, 0.1], 1),
    ],
)
def test_rate(times: list[float], expected: float) -> None:
    assert rate(times, seconds=2) == pytest.approx(expected)


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100)])
def test_percentile(percent: int, expected: float) -> None:
    assert percentile(range(100, 0, -1), percent) == expected
    assert percentile([7.0], percent) == 7
    assert percentile([3.0, 1.0, 2.0], 50) == 2
    assert percentile([], percent) is None


def said(at: float, users: int, answers: list[tuple[float, float]], failures: int = 0) -> str:
    """Return a line as the load prints it."""
    return json.dumps(
        {
            "start": 1000.0,
            "at": at,
            "users": users,
            "answers": answers,
            "failures": failures,
            "failure": "refused" if failures else "",
        }
    )


def test_a_recording_becomes_a_curve() -> None:
    """10 answers a second with one user; 20 with two, the first third of which is left out."""
    recording = Recording()
    recording.add(said(3, 1, [(n / 10, 100) for n in range(30)]))
    recording.add(said(6, 2, [(3 + n / 20, 200) for n in range(60)], failures=2))
    recording.others = [(1000.5, 5.0, 0), (1005.5, 80.0, 2)]
    recording.open_ms = 300.0
    found = curve(Run("def", 100, steps=(1, 2)), recording, seconds=3)
    assert [step.users for step in found.steps] == [1, 2]
    assert [step.rate for step in found.steps] == pytest.approx([10, 20])
    first, second = found.moments
    assert (first.users, first.rate, first.p50_ms, first.threads) == (1, 10, 100, None)
    assert (second.users, second.rate, second.p99_ms, second.threads) == (2, 20, 200, 2)
    assert (found.others_ms, found.others_answered, found.failures) == (300, False, 2)
    assert recording.failure == "refused"


def test_the_slowest_answer_counts_when_nothing_is_open() -> None:
    recording = Recording()
    recording.add(said(1, 1, [(0.5, 100)]))
    recording.others = [(1000.5, 80.0, 0)]
    found = curve(Run("await", 100, steps=(1,)), recording, seconds=1)
    assert (found.others_ms, found.others_answered) == (80, True)


def test_figures_are_kept_as_they_are() -> None:
    moment = Moment(at=0.25, users=2, rate=4.0, p50_ms=None, p99_ms=300.5, threads=1)
    steps = [Step(2, 4.5), Step(3, 5.5)]
    curve = Curve("def", 300, 40, steps, [moment], others_ms=7.5, others_answered=True, failures=1)
    figures = Figures("today", "here", 1.5, ceiling=8000, cap=4000, curves=[curve])
    assert read_figures(figures.to_json()) == figures
