"""The command for your models: train them, list their versions, serve another one, ask.

A service that runs notices within a second or two, and needs no restart.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from app.kit.settings import load_settings
from app.kit.start import StartError
from app.serving.answers import as_cell
from app.serving.artefact import (
    CARD_FILE,
    current_version,
    read_card,
    remove_versions,
    roll_back,
    serve_version,
    served_versions,
    train_command,
)
from app.serving.examples import example_of
from app.serving.loading import load_version
from app.serving.served import Served
from app.serving.settings import ModelSettings
from app.serving.source import pack_models

USAGE = """
  train           run the training of the model, or of all; what it gives is a new version
  list            every version: when it was trained, how good it was; * is the one that is served
  use VERSION     serve this version; its first digits are enough
  rollback        serve the version that was served before
  check           load every version, ask it its example, and say what is wrong
  pack FILE       write an archive of what is served, and print the MODEL_SOURCE that names it
  example         print a question that the model can answer, as JSON; or a CSV, with --rows 1000
"""
NO_TRAINING = """app/models/{name}/train.py is missing.
Write the artefact with a program of yours, as in docs/own-model.md."""
NOT_INSTALLED = """The training of {name} needs {missing}, which is not installed.
Type: uv sync"""


def main(models: Sequence[Served[Any, Any]]) -> None:
    """Do what the command line says."""
    given = parser_for([served.name for served in models]).parse_args()
    chosen = [served for served in models if given.model in (served.name, None)]
    try:
        settings = load_settings(ModelSettings)
        if given.command == "train":
            for served in chosen:
                train(served, settings, only_missing=given.missing)
        elif given.command == "pack":
            pack(chosen, settings, given.argument)
        elif given.command == "example":
            print_example(chosen[0], settings, given.rows)
        elif given.command == "check":
            sys.exit(max([check(served, settings) for served in chosen]))
        else:
            serve(chosen[0], settings, given.command, given.argument)
    except StartError as error:
        sys.exit(str(error))


def parser_for(names: Sequence[str]) -> argparse.ArgumentParser:
    """Return what reads the command line, if these are the models."""
    parser = argparse.ArgumentParser(
        prog="python -m app.models",
        description=__doc__,
        epilog=USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = ["train", "list", "use", "rollback", "check", "pack", "example"]
    parser.add_argument("command", choices=commands)
    parser.add_argument("argument", nargs="?", help="the version for `use`, the file for `pack`")
    either = "default: the first; for `train`, `check` and `pack`, all"
    parser.add_argument("--model", choices=names, help=either)
    parser.add_argument("--missing", action="store_true", help="for `train`: what has no version")
    parser.add_argument("--rows", type=int, help="for `example`: a CSV with so many rows")
    return parser


def train(served: Served[Any, Any], settings: ModelSettings, *, only_missing: bool) -> None:
    """Run the training of a model, which adds a version, and print how good it is."""
    name, folder = served.name, settings.models_dir / served.name
    if served.card:
        return  # it has no artefact
    if only_missing and served_versions(folder):
        print(f"{name} has a version")
        return
    print(f"Training {name} …", flush=True)
    try:
        training = import_module(f"app.models.{name}.train")
    except ModuleNotFoundError as error:
        own = (error.name or "").startswith(f"app.models.{name}")
        cause = NO_TRAINING if own else NOT_INSTALLED
        raise StartError(cause.format(name=name, missing=error.name)) from None
    card = training.train(folder)
    remove_versions(folder, settings.model_keep)
    print(f"{name} {card.version} is in {folder}")
    for metric, value in card.metrics.items():
        print(f"  {metric:<14} {value:g}")


def pack(models: Sequence[Served[Any, Any]], settings: ModelSettings, file: str | None) -> None:
    """Write the archive, and print the setting that names it."""
    if not file:
        raise StartError("Name the file to write: python -m app.models pack models.tar.gz")
    names = [served.name for served in models if not served.card]
    digest = pack_models(settings.models_dir, names, Path(file))
    print(f"MODEL_SOURCE=https://…/{Path(file).name}#sha256={digest}")


def print_example(served: Served[Any, Any], settings: ModelSettings, rows: int | None) -> None:
    """Print what the model may be asked: as JSON, or as a CSV that has the row many times."""
    folder = settings.models_dir / served.name
    card = served.card or read_card(folder, current_version(folder))
    example = example_of(served.features, card).model_dump(mode="json", by_alias=True)
    if rows is None:
        print(json.dumps(example, ensure_ascii=False))
        return
    cells = [repr(v) if isinstance(v, float) else as_cell(v) for v in example.values()]
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["id", *example])
    table.writerows([number, *cells] for number in range(1, rows + 1))


def serve(
    served: Served[Any, Any], settings: ModelSettings, command: str, version: str | None
) -> None:
    """Serve another version, if that is the command, and print them all."""
    folder = settings.models_dir / served.name
    if command == "use":
        version = find(folder, version)
        load_version(served, settings, version).close()  # what is unfit is refused here already
        serve_version(folder, version)
    if command == "rollback" and not roll_back(folder):
        raise StartError("No other version was served before: python -m app.models list")
    show(folder)


def versions(folder: Path) -> list[str]:
    """Return every version that is there, the one that was trained last first."""
    found = [path.parent.name for path in folder.glob(f"*/{CARD_FILE}")]
    if not found:
        raise StartError(f"{folder} has no version. Train one: {train_command(folder.name)}")
    return sorted(found, key=lambda version: (folder / version).stat().st_mtime, reverse=True)


def find(folder: Path, start: str | None) -> str:
    """Return the only version that begins like this."""
    found = [version for version in versions(folder) if start and version.startswith(start)]
    if len(found) != 1:
        known = ", ".join(versions(folder))
        raise StartError(f"Name one of these versions, by its first digits at least: {known}.")
    return found[0]


def show(folder: Path) -> None:
    """Print every version."""
    served = served_versions(folder)[:1]
    for version in versions(folder):
        mark = "*" if [version] == served else " "
        try:
            card = read_card(folder, version)
        except StartError:
            print(f"{mark} {version}  has no card that can be read")
            continue
        metrics = ", ".join(f"{name} {value:g}" for name, value in card.metrics.items())
        print(f"{mark} {version}  {card.trained_at:%Y-%m-%d %H:%M} UTC  {metrics}")


def check(served: Served[Any, Any], settings: ModelSettings) -> int:
    """Print what is wrong with each version; return the exit status."""
    status = 0
    for version in versions(settings.models_dir / served.name):
        try:
            load_version(served, settings, version).close()
        except StartError as error:
            status = 1
            print(f"{served.name} {version}  {error}")
        else:
            print(f"{served.name} {version}  answers its example")
    return status
