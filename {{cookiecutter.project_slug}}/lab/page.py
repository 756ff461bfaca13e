"""The page: the measurements, drawn and explained, in one file that needs no network."""

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from string import Template

from matplotlib.figure import Figure

from lab import plots
from lab.drawing import number, styled, svg
from lab.figures import Curve, Figures
from lab.plan import MORE_TOKENS, STEPS, THREE, TOKENS, WAITS_MS, WORK_MS, Run, theory

TEMPLATE = Path(__file__).with_name("page.html")
LONG, SHORT = WAITS_MS
# The article's figures: its orders of magnitude, and its rates at 300 ms (8 workers, Apple M1 Max).
ARTICLE = {"await": ("2000", 2000), "def": ("100 to 500", 120), "blocking": ("1 to 15", 2)}


def last_rate(curve: Curve) -> float:
    """Return the rate with the most users."""
    return curve.steps[-1].rate


def drawings(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yield each plot, with the name of its place on the page."""
    plans: dict[str, Callable[[], Figure]] = {
        "over_time": lambda: plots.over_time(figures),
        "by_users_long": lambda: plots.single(plots.draw_handlers, figures, LONG),
        "by_users_short": lambda: plots.single(plots.draw_handlers, figures, SHORT),
        "by_tokens": lambda: plots.single(plots.draw_tokens, figures),
        "threads": lambda: plots.single(plots.draw_threads, figures),
        "others": lambda: plots.others(figures),
    }
    for name, draw in plans.items():
        with styled(name):
            yield name, svg(draw())


def waited(curve: Curve) -> str:
    """Say how long another route waited at worst."""
    return f"{'' if curve.others_answered else '&gt; '}{number(curve.others_ms)} ms"


def row(curve: Curve, cap: float) -> str:
    """Return a run as a row of the table."""
    run = Run(curve.handler, curve.wait_ms, curve.tokens)
    expected = theory(run, curve.steps[-1].users, cap)
    rates = {step.users: number(step.rate) for step in curve.steps}
    cells = [
        f"{curve.wait_ms} ms",
        str(curve.tokens) if curve.handler in ("def", "cpu") else "",
        *(rates.get(users, "") for users in STEPS),
        number(expected),
        f"{last_rate(curve) / expected:.0%}",
        waited(curve),
    ]
    first = f'<tr><td class="{curve.handler}">{curve.handler}</td>'
    return first + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def article_row(figures: Figures, handler: str) -> str:
    """Return the article's figures and ours, each also as a multiple of the blocking handler's."""
    claim, theirs = ARTICLE[handler]
    ours = last_rate(figures.curve(handler, LONG))
    slowest = last_rate(figures.curve("blocking", LONG))
    cells = [
        claim,
        f"{theirs:,}",
        f"{theirs / ARTICLE['blocking'][1]:,.0f}",
        number(ours),
        f"{ours / slowest:,.0f}",
    ]
    first = f'<tr><td class="{handler}">{handler}</td>'
    return first + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def failures(figures: Figures) -> str:
    """Return a sentence if some requests failed."""
    failed = sum(curve.failures for curve in figures.curves)
    return f" {failed:,} requests failed; no figure includes them." if failed else ""


def page(figures: Figures) -> str:
    """Return the whole page."""
    rates = {f"{h}_rate": number(last_rate(figures.curve(h, LONG))) for h in THREE}
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        dict(drawings(figures)) | rates,
        wait=LONG,
        wait_s=LONG / 1000,
        work=WORK_MS,
        users=STEPS[-1],
        tokens=TOKENS,
        more_tokens=MORE_TOKENS[-1],
        limit=number(TOKENS / LONG * 1000),
        cap=number(figures.cap),
        ceiling=number(figures.ceiling),
        step_heads="".join(f"<th>{users} users</th>" for users in STEPS),
        rows="\n".join(row(curve, figures.cap) for curve in figures.curves),
        article_rows="\n".join(article_row(figures, handler) for handler in ARTICLE),
        failures=failures(figures),
        taken=escape(figures.taken),
        seconds=f"{figures.seconds:g}",
        machine=escape(figures.machine),
    )
