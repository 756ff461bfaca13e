"""The look of every plot: colours and type, axes, and the names at the ends of the lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from lab.plan import MORE_TOKENS, STEPS, TOKENS

COLOURS = {"await": "#0b7285", "def": "#b45309", "blocking": "#be123c", "cpu": "#6d28d9"}
TINTS = dict(zip((TOKENS, *MORE_TOKENS), ("#b45309", "#8a5a10", "#5c4a1a"), strict=True))
INK, QUIET, LINE = "#1c2024", "#667078", "#d9dee2"
End = tuple[float, str, str]  # the height at which a line ends, its name, its colour
WIDTH, LABEL_HEIGHT = 5.4, 14  # inches; points
STYLE: dict[Any, Any] = {
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titlecolor": QUIET,
    "axes.titlepad": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",  # text stays text, in the page's own font
}


@contextmanager
def styled(name: str) -> Iterator[None]:
    """Draw in this page's style; the name keeps the ids of one drawing distinct from another's."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        yield


def number(value: float) -> str:
    """Format a number: 1,234, or 3.3 where it matters."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def powers(axes: Axes, low: float, high: float, unit: str = "") -> None:
    """Make the y-axis logarithmic, with plain numbers."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = [10.0**n for n in range(-1, 7) if low <= 10.0**n <= high]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticklabels([f"{number(tick) if tick != 1 else '1'}{unit}" for tick in ticks])
    axes.grid(axis="y")


def name_it(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    """Put a label to the right of a line's end."""
    place: Any = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate(text, (x, y), color=colour, fontweight="bold", annotation_clip=False, **place)


def name_them(axes: Axes, x: float, ends: list[End]) -> None:
    """Put the names at the ends of lines, without overlaps."""
    lowest = float("-inf")
    height = LABEL_HEIGHT * axes.figure.dpi / 72
    for y, text, colour in sorted(ends):
        lowest = max(axes.transData.transform((x, y))[1], lowest + height)
        name_it(axes, x, axes.transData.inverted().transform((0, lowest))[1], text, colour)


def users_below(axes: Axes) -> None:
    """Put the number of users on a logarithmic x-axis."""
    axes.set_xscale("log")
    axes.set_xlim(STEPS[0] * 0.85, STEPS[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(STEPS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(n) for n in STEPS])
    axes.set_xlabel("users asking at once")


def svg(figure: Figure) -> str:
    """Return a figure as a piece of HTML, in the font of the page around it."""
    out = StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :].replace("'DejaVu Sans'", "inherit")
