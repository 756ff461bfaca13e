"""The report as one page with plots, in one file that needs no network."""

import math
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template

from app.predictions.report.columns import QUANTILES
from app.predictions.report.schemas import FEW_ROWS, ColumnReport, Part, Report, VersionReport

TEMPLATE = Path(__file__).with_name("page.html")
WIDTH, HEIGHT, BASE = 360, 150, 128  # of a plot, and where its bars stand
MOST_BARS, LETTER = 12, 6  # of categories; the width of a letter


def draw(report: Report) -> str:
    """Return the page."""
    rows = sum(version.rows for version in report.versions)
    since = f" of the last {report.days:g} days" if report.days else ""
    versions = "one version" if len(report.versions) == 1 else f"{len(report.versions)} versions"
    lead = f"The record{since} has {rows:,} predictions by {versions} of the models."
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        lead=lead,
        few=FEW_ROWS,
        versions="\n".join(map(section, report.versions)),
        made_at=f"{report.made_at:%Y-%m-%d %H:%M} UTC",
    )


def section(version: VersionReport) -> str:
    """Return what the page says about one version."""
    columns = [*([version.answer] if version.answer else []), *version.features]
    parts = [
        f"<h2>{escape(version.model)} <code>{escape(version.version)}</code></h2>",
        f'<p class="quiet">{version.first_at:%Y-%m-%d %H:%M} to {version.last_at:%Y-%m-%d %H:%M}'
        " UTC</p>",
        f'<ul class="facts">{"".join(facts(version, columns))}</ul>',
        *(
            f'<p class="quiet" style="margin: 1rem 0 0">{escape(note)}</p>'
            for note in version.notes
        ),
        f'<div class="figures">{"".join(figure(c, c is version.answer) for c in columns)}</div>',
        table(columns, version.answer),
    ]
    return "\n".join(parts)


def facts(version: VersionReport, columns: list[ColumnReport]) -> Iterator[str]:
    """Yield the figures to see first."""
    yield fact(f"{version.rows:,}", "predictions")
    before = version.trained.get("accuracy")
    beside = f"; {before:.1%} when it was trained" if before is not None else ""
    known = f"on {version.outcomes:,} outcomes"
    if version.accuracy is not None:
        yield fact(f"{version.accuracy:.1%}", f"accuracy {known}{beside}")
    if version.mae is not None and version.rmse is not None:
        yield fact(f"{version.mae:.4g}", f"mean absolute error {known}; RMSE {version.rmse:.4g}")
    if not version.outcomes:
        yield fact("?", "No outcome is known: nothing says how often it was right")
    if measured := [column for column in columns if column.psi is not None]:
        most = max(measured, key=lambda column: column.psi or 0)
        words = f"the largest PSI, of {escape(most.name)}: {most.verdict}"
        yield fact(f"{most.psi:.2f}", words, most.verdict)


def fact(number: str, words: str, kind: str = "") -> str:
    """Return a figure and what it is."""
    return f'<li class="{kind}"><b>{number}</b>{words}</li>'


def figure(column: ColumnReport, is_answer: bool) -> str:
    """Return a plot with its heading."""
    name = f"The answer: {column.name}" if is_answer else column.name
    index = "no PSI" if column.psi is None else f"PSI {column.psi:.2f}, {column.verdict}"
    outside = "" if is_answer else f"{column.outside:.1%} outside, "
    rest = f"{outside}{column.missing:.1%} missing"
    plot = bars(column) if column.parts else f"<p class=quiet>{spread(column)}</p>"
    heading = f'<h3>{escape(name)} <span class="{column.verdict}">{index}</span></h3>'
    return f"<figure>{heading}<figcaption>{rest}</figcaption>{plot}</figure>"


def bars(column: ColumnReport) -> str:
    """Draw the shares: what training saw as a wide bar, what was recorded as a narrow one on it."""
    parts = column.parts if column.edges else column.parts[:MOST_BARS]
    step = WIDTH / len(parts)
    highest = max(max(part.share, part.training or 0) for part in parts) or 1
    drawn = [pair(part, n * step, step, highest) for n, part in enumerate(parts)]
    if column.edges:  # whose place is between two bars
        names = [f"{edge:.4g}" for edge in column.edges]
        every = math.ceil((max(map(len, names)) + 2) * LETTER / step)  # the others would not fit
        places = range(every, len(parts), every)
        drawn += [label(names[n - 1], n * step, step * every) for n in places]
    else:
        names = [f"{part.name} {part.share:.0%}" for part in parts]
        drawn += [label(name, (n + 0.5) * step, step) for n, name in enumerate(names)]
    about = escape(f"shares of {column.name}, in training and in the record")
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{about}">'
    line = f'<path d="M0 {BASE}H{WIDTH}" stroke="#5b656d" stroke-width="1"/>'
    return f"{head}{''.join(drawn)}{line}</svg>"


def pair(part: Part, left: float, step: float, highest: float) -> str:
    """Draw the two bars of a part, and the text that appears under the pointer."""
    told, wide = f"{part.name}: {part.share:.1%}", ""
    if part.training is not None:
        told += f", in training {part.training:.1%}"
        wide = bar(left + step * 0.06, step * 0.88, part.training / highest, "#cfd6da")
    narrow = bar(left + step * 0.28, step * 0.44, part.share / highest, "#0b7285")
    return f"<g><title>{escape(told)}</title>{wide}{narrow}</g>"


def label(text: str, middle: float, step: float) -> str:
    """Draw a text below the bars, cut off where the next one begins."""
    most = max(3, int(step / LETTER))
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    place = f'x="{middle:.1f}" y="{BASE + 15}" text-anchor="middle" font-size="10"'
    return f'<text {place} fill="#5b656d">{escape(short)}</text>'


def bar(left: float, width: float, share: float, colour: str) -> str:
    """Draw a bar."""
    height = share * (BASE - 8)
    return (
        f'<rect x="{left:.1f}" y="{BASE - height:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="1.5" fill="{colour}"/>'
    )


def spread(column: ColumnReport) -> str:
    """Say where the numbers lie, or that there is nothing to draw."""
    if not column.quantiles:
        return "There is nothing to draw."
    return ", ".join(f"{name} below {value:.4g}" for name, value in column.quantiles.items())


def table(columns: list[ColumnReport], answer: ColumnReport | None) -> str:
    """Return all numbers as a table."""
    heads = ("", "PSI", "", "outside", "missing", *QUANTILES, "shares")
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(f"<tr>{row(column, column is answer)}</tr>" for column in columns)
    rows = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table>{rows}</table></div>'


def row(column: ColumnReport, is_answer: bool) -> str:
    """Return the numbers of a column as cells."""
    quantiles = column.quantiles or {}
    shares = [f"{part.name} {part.share:.1%}" for part in column.parts[:5] if not column.edges]
    cells = [
        f"answer: {column.name}" if is_answer else column.name,
        "" if column.psi is None else f"{column.psi:.3f}",
        column.verdict,
        f"{column.outside:.1%}",
        f"{column.missing:.1%}",
        *(f"{quantiles[name]:.4g}" if quantiles else "" for name in QUANTILES),
        ", ".join(shares),
    ]
    return "".join(f"<td>{escape(cell)}</td>" for cell in cells)
