"""`python -m app.predictions.report`: is each version of a model still right?"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from app.kit.settings import load_settings
from app.kit.start import StartError
from app.predictions.report.collect import make_report
from app.predictions.report.page import draw
from app.predictions.report.schemas import ColumnReport, Report, VersionReport
from app.serving.opening import find_models
from app.serving.settings import ModelSettings
from app.storage.connection import StorageUnavailableError
from app.storage.opening import open_storage
from app.storage.settings import StorageSettings


class ReportSettings(ModelSettings, StorageSettings):
    """The settings that a report needs; the API key, for example, is not one."""


def main() -> None:
    """Make the report that the command line asks for, and print it or write it."""
    parser = argparse.ArgumentParser(prog="python -m app.predictions.report", description=__doc__)
    parser.add_argument("--model", help="only this model")
    parser.add_argument("--days", type=days, help="only predictions of the last DAYS days")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page with plots")
    given = parser.parse_args()
    try:
        report = read_record(given.model, given.days)
    except (StartError, StorageUnavailableError) as error:
        sys.exit(str(error) or str(error.__cause__))
    if given.html:
        try:
            given.html.write_text(draw(report), "utf-8")
        except OSError as error:
            sys.exit(f"{given.html} cannot be written: {error.strerror}.")
    print(report.model_dump_json(indent=2) if given.json else "\n".join(lines(report)))


def days(text: str) -> float:
    """Return a number of days, or raise ValueError."""
    if not (number := float(text)) > 0:
        raise ValueError
    return number


def read_record(model: str | None, days: float | None) -> Report:
    """Open the database, but no model, and make the report."""
    settings = load_settings(ReportSettings)
    models = find_models(settings)
    chosen = [served for served in models if model in (served.name, None)]
    if not chosen:
        names = ", ".join(served.name for served in models)
        raise StartError(f"There is no model {model}. Choose one of these: {names}.")
    with closing(open_storage(settings)) as storage:
        return make_report(storage, chosen, settings, days)


def lines(report: Report) -> Iterator[str]:
    """Yield the lines of the table."""
    if not report.versions:
        since = f" of the last {report.days:g} days" if report.days else ""
        yield f"No prediction{since} is stored."
    for version in report.versions:
        yield f"{version.model} {version.version}: {summary(version)}"
        yield f"  {'':<24} {'PSI':>7}  {'':<14} {'outside':>8} {'missing':>8}  values"
        for column in [*([version.answer] if version.answer else []), *version.features]:
            yield line(column, "answer: " * (column is version.answer))
        yield from (f"  {note}" for note in version.notes)
        yield ""


def summary(version: VersionReport) -> str:
    """Return the number of rows, their dates, and how good the answers were."""
    times = f"{version.first_at:%Y-%m-%d} to {version.last_at:%Y-%m-%d}"
    known = f"{version.outcomes:,} with an outcome"
    measured = {"accuracy": version.accuracy, "MAE": version.mae, "RMSE": version.rmse}
    good = [f"{name} {value:.4g}" for name, value in measured.items() if value is not None]
    return ", ".join([f"{version.rows:,} rows", times, known, *good])


def line(column: ColumnReport, prefix: str) -> str:
    """Return a line of the table."""
    values = column.quantiles or {part.name: part.share for part in column.parts[:6]}
    form = "{} {:.4g}" if column.quantiles else "{} {:.0%}"
    told = ", ".join(form.format(name, value) for name, value in values.items())
    index = "-" if column.psi is None else f"{column.psi:.3f}"
    shares = f"{column.outside:>8.1%} {column.missing:>8.1%}"
    return f"  {prefix + column.name:<24} {index:>7}  {column.verdict:<14} {shares}  {told}"


if __name__ == "__main__":
    main()
