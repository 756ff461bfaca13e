"""The page is complete, shows what was measured, and loads nothing from elsewhere."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lab.drawing import number
from lab.page import page
from lab.plan import runs, theory
from lab.run import write
from tests.lab.recorded import FIGURES


@pytest.fixture(scope="module")
def text() -> str:
    return page(FIGURES)


class Tags(HTMLParser):
    """Collects the tags that are opened and not closed again."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, *_: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, *_: object) -> None:
        """Ignore a tag that closes itself."""


def test_the_page_is_well_formed_and_every_place_is_filled(text: str) -> None:
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert not re.search(r"\$\w", text)


def test_the_page_needs_no_network(text: str) -> None:
    assert not re.search(r"<(script|link|img|iframe)|@import|url\((?!#)", text)
    addresses = re.findall(r'(?:src|href)="(.*?)"', text)
    assert [address for address in addresses if not address.startswith("#")] == []


def test_six_plots_with_the_handlers_named_in_them(text: str) -> None:
    plots = re.findall(r"<svg.*?</svg>", text, re.S)
    assert len(plots) == 6
    for plot in plots:
        ET.fromstring(plot.replace("xlink:href", "href"))  # noqa: S314 - our own
    for name in ("await", "def", "blocking", "200 threads"):
        assert any(re.search(rf">{name}\b", plot) for plot in plots), name
    ids = [set(re.findall(r'id="(\w{11})"', plot)) for plot in plots]
    assert sum(map(len, ids)) == len(set().union(*ids)), "one plot would use another's lines"


def test_every_run_is_in_the_table_beside_its_theory(text: str) -> None:
    for run in runs():
        curve = FIGURES.curve(run.handler, run.wait_ms, run.tokens)
        expected = number(theory(run, run.steps[-1], FIGURES.cap))
        cells = ".*".join(f"<td>{number(step.rate)}</td>" for step in curve.steps)
        assert re.search(rf"<td>{run.wait_ms} ms</td>.*{cells}.*<td>{expected}</td>", text), run


def test_the_articles_figures_stand_beside_ours(text: str) -> None:
    for claim, rate in (("2000", "2,000"), ("100 to 500", "120"), ("1 to 15", "2")):
        assert f"<td>{claim}</td><td>{rate}</td>" in text
    assert "M1 Max" in text
    assert "compare the ratios" in text


def test_failures_are_owned_up_to(text: str) -> None:
    assert "requests failed" not in text
    failing = [replace(curve, failures=3) for curve in FIGURES.curves]
    sum_of_them = f"{3 * len(failing)} requests failed"
    assert sum_of_them in page(replace(FIGURES, curves=failing))


def test_the_files(tmp_path: Path) -> None:
    write(FIGURES, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "figures.json", "lab.png"}
    assert (tmp_path / "lab.png").read_bytes().startswith(b"\x89PNG")
