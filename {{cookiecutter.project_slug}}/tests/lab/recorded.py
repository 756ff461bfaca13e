"""The figures of a recorded run, so that the page can be tested without a new run."""

from pathlib import Path

from lab.figures import read_figures

FIGURES = read_figures(Path(__file__).with_name("figures.json").read_text("utf-8"))
