"""The plots: one colour for each handler, with its name at the end of its line."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from lab.drawing import (
    COLOURS,
    INK,
    TINTS,
    WIDTH,
    End,
    name_it,
    name_them,
    number,
    powers,
    styled,
    users_below,
)
from lab.figures import Curve, Figures
from lab.plan import STEPS, THREE, WAITS_MS, WORK_MS, Run, theory


def by_users(axes: Axes, curve: Curve, cap: float, colour: str, name: str) -> End:
    """Draw the rate by number of users: measured as a line with dots, theory as a thin line."""
    users = [step.users for step in curve.steps]
    rates = [step.rate for step in curve.steps]
    run = Run(curve.handler, curve.wait_ms, curve.tokens)
    expected = [theory(run, n, cap) for n in users]
    axes.plot(users, expected, color=colour, lw=1, ls=(0, (4, 3)), alpha=0.75)
    axes.plot(users, rates, color=colour, marker="o", ms=5)
    return rates[-1], f"{name}  {number(rates[-1])}", colour


def draw_handlers(axes: Axes, figures: Figures, wait_ms: int) -> None:
    """Draw the three handlers together."""
    curves = [figures.curve(handler, wait_ms) for handler in THREE]
    ends = [by_users(axes, c, figures.cap, COLOURS[c.handler], c.handler) for c in curves]
    powers(axes, 1, 10_000)
    users_below(axes)
    name_them(axes, STEPS[-1], ends)
    axes.set_title(f"answers per second, each after {wait_ms} ms")


def draw_tokens(axes: Axes, figures: Figures) -> None:
    """Draw `def` with more and more threads."""
    curves = [figures.curve("def", WAITS_MS[0], tokens) for tokens in TINTS]
    ends = [by_users(axes, c, figures.cap, TINTS[c.tokens], f"{c.tokens} threads") for c in curves]
    axes.set_ylim(0)
    axes.grid(axis="y")
    users_below(axes)
    name_them(axes, STEPS[-1], ends)
    axes.set_title(f"answers per second with def, each after {WAITS_MS[0]} ms")


def draw_threads(axes: Axes, figures: Figures) -> None:
    """Draw the threads in use, as the app itself counted them."""
    for tokens, colour in TINTS.items():
        moments = figures.curve("def", WAITS_MS[0], tokens).moments
        seen = [(m.at, m.threads) for m in moments if m.threads is not None]
        axes.axhline(tokens, color=colour, lw=1, ls=(0, (4, 3)), alpha=0.75)
        axes.plot(*zip(*seen, strict=True), color=colour)
        name_it(axes, moments[-1].at, tokens, f"{tokens} threads", colour)
    axes.set_ylim(0, max(TINTS) * 1.1)
    axes.set_xlabel("seconds; the users are 10, 50, 200, 500")
    axes.set_title("threads in use")


def over_time(figures: Figures, wait_ms: int = WAITS_MS[0]) -> Figure:
    """Draw rate, latency and users over one time axis, the three handlers together."""
    figure = Figure(figsize=(WIDTH, 7.2), layout="constrained")
    rates, latencies, users = figure.subplots(3, sharex=True, height_ratios=(3, 3, 1.2))
    for handler in THREE:
        curve, colour = figures.curve(handler, wait_ms), COLOURS[handler]
        at = [m.at for m in curve.moments]
        rates.plot(at, [m.rate or None for m in curve.moments], color=colour)
        draw_latency(latencies, curve, colour)
        users.step(at, [m.users for m in curve.moments], where="pre", color=INK, lw=1.4)
    powers(rates, 1, 10_000)
    powers(latencies, 100, 10_000, " ms")
    last = {h: figures.curve(h, wait_ms).moments[-1] for h in THREE}
    name_them(rates, at[-1], [(m.rate or 1, h, COLOURS[h]) for h, m in last.items()])
    name_them(latencies, at[-1], [(m.p50_ms or 100, h, COLOURS[h]) for h, m in last.items()])
    rates.set_title("answers per second")
    latencies.set_title("latency: half of all (line), 99 % of all (edge of the band)")
    users.set_title("users")
    users.set_ylim(0)
    users.grid(axis="y")
    users.set_xlabel("seconds")
    users.set_xlim(0)
    return figure


def draw_latency(axes: Axes, curve: Curve, colour: str) -> None:
    """Draw p50 as a line, and the band up to p99."""
    seen = [(m.at, m.p50_ms, m.p99_ms) for m in curve.moments if m.p50_ms and m.p99_ms]
    at, p50, p99 = zip(*seen, strict=True)
    axes.plot(at, p50, color=colour)
    axes.fill_between(at, p50, p99, color=colour, alpha=0.15, lw=0)


def others(figures: Figures) -> Figure:
    """Draw how long another route took at worst, as bars."""
    figure = Figure(figsize=(WIDTH, 2.4), layout="constrained")
    axes = figure.subplots()
    curves = [figures.curve(handler, WAITS_MS[0]) for handler in reversed(THREE)]
    curves.insert(1, figures.curve("cpu", WORK_MS))
    for place, curve in enumerate(curves):
        colour = COLOURS[curve.handler]
        axes.barh(place, curve.others_ms, color=colour, height=0.55)
        more = "" if curve.others_answered else "more than "
        name_it(axes, curve.others_ms, place, f"{more}{number(curve.others_ms)} ms", colour)
    axes.set_yticks(range(len(curves)), [c.handler for c in curves], color=INK)
    axes.set_xscale("log")
    axes.set_xlim(1, 100_000)
    axes.xaxis.set_major_locator(FixedLocator([1, 10, 100, 1_000, 10_000]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(["1 ms", "10 ms", "100 ms", "1 s", "10 s"])
    return figure


def single(draw: Any, *arguments: Any, height: float = 3.6) -> Figure:  # noqa: ANN401
    """Return one drawing as a figure of its own."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    draw(figure.subplots(), *arguments)
    return figure


def save_png(figures: Figures, path: Path) -> None:
    """Save the picture for a README: the three handlers, and the threads."""
    with styled("png"):
        figure = Figure(figsize=(2 * WIDTH, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        draw_handlers(left, figures, WAITS_MS[0])
        draw_tokens(right, figures)
        figure.savefig(path, dpi=100)
