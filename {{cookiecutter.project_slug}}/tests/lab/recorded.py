"""The figures of a run that was kept, so that the page can be tested without another one."""

from pathlib import Path

from lab.figures import read_figures

FIGURES = read_figures(Path(__file__).with_name("figures.json").read_text("utf-8"))
