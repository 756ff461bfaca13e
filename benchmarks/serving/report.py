"""What has been measured of the requests so far: the tables again, and a picture of them.

The picture has the rate and the tail of each server at 32 requests at a time.
"""

import argparse
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.measure import say
from benchmarks.serving import goals
from benchmarks.serving.results import Results

CONCURRENCY = 32
MODELS = {"light": "the light model", "heavy": "the ensemble", "wide": "the wide network"}
PANELS = {"rate": "predictions a second, more is better", "p99": "p99 in ms, less is better"}
OURS, OTHERS = "#0b7285", "#adb5bd"
PICTURE = Path("docs/images/serving.svg")


def text(results: Results, kind: str) -> str:
    """Return the table of a measurement, and that of its goals."""
    parts = [] if kind == "ping" else [goals.table(results, kind)]
    return "\n".join([results.table(), *parts])


def draw(axes: Axes, results: Results, what: str, title: str) -> None:
    """Draw one panel: a bar for each server, the first one on top."""
    names = results.names()[::-1]
    values = [results.median(name, CONCURRENCY, what) for name in names]
    colours = [OURS if name.startswith("this") else OTHERS for name in names]
    bars = axes.barh([name.replace("`", "") for name in names], values, color=colours)
    axes.bar_label(bars, [f"{value:,.0f}" for value in values], padding=3, fontsize=8)
    axes.set_title(title, fontsize=9, loc="left")
    axes.margins(x=0.15)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_visible(False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def picture(measured: dict[str, Results]) -> Figure:
    """Return a row of panels for each model, the rate on the left and the tail on the right."""
    figure = Figure(figsize=(11, 3.6 * len(measured)), layout="constrained")
    rows = figure.subplots(len(measured), len(PANELS), sharey="row", squeeze=False)
    for row, (kind, results) in zip(rows, measured.items(), strict=True):
        for axes, (what, title) in zip(row, PANELS.items(), strict=True):
            draw(axes, results, what, f"{MODELS[kind]}: {title}")
    return figure


def run(options: argparse.Namespace) -> None:
    """Print what there is, and draw it."""
    target: Path = options.out
    found = {kind: Results.open(options.folder, kind, more=True) for kind in ("ping", *MODELS)}
    found = {kind: results for kind, results in found.items() if results.samples}
    for kind, results in found.items():
        say(f"{kind}, {results.rounds()} rounds\n\n{text(results, kind)}")
    models = {kind: results for kind, results in found.items() if kind in MODELS}
    if models:
        picture(models).savefig(target, metadata={"Date": None})
        say(f"{target} is drawn")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--out", type=Path, default=PICTURE, help=f"an SVG or PNG ({PICTURE})")
    parser.set_defaults(run=run)
