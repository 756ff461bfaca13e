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
    current_version,
    read_card,
    read_file,
    remove_versions,
    served_versions,
    write_artefact,
)
from app.serving.card import ModelFacts
from app.serving.examples import example_of
from app.serving.served import Served
from app.serving.settings import ModelSettings
from app.serving.source import pack_models
from app.serving.versions import check, choose, show

USAGE = """
  train           run the training of the model, or of all; what it gives is a new version
  list            every version: when it was trained, how good it was; * is the one that is served
  use VERSION     serve this version; its first digits are enough
  rollback        serve the version that was served before
  check           load every version, ask it its example, and say what is wrong
  add FILES       add a version of files that you have, or of all in a folder, and serve it
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
        elif given.command == "add":
            add(chosen[0], settings, given.argument, given.labels.split(","))
        elif given.command == "example":
            print_example(chosen[0], settings, given.rows)
        elif given.command == "check":
            sys.exit(max([check(served, settings) for served in chosen]))
        else:
            choose(chosen[0], settings, given.command, "".join(given.argument[:1]))
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
    commands = ["train", "list", "use", "rollback", "check", "add", "pack", "example"]
    parser.add_argument("command", choices=commands)
    parser.add_argument("argument", nargs="*", help="a version for `use`, files for `add`, `pack`")
    either = "default: the first; for `train`, `check` and `pack`, all"
    parser.add_argument("--model", choices=names, help=either)
    parser.add_argument("--missing", action="store_true", help="for `train`: what has no version")
    parser.add_argument(
        "--labels", default="", help="for `add`: what a classification answers: a,b"
    )
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
    width = max([14, *map(len, card.metrics)])
    for metric, value in card.metrics.items():
        print(f"  {metric:<{width}} {value:g}")


def add(
    served: Served[Any, Any], settings: ModelSettings, paths: Sequence[str], labels: Sequence[str]
) -> None:
    """Add a version of files that come from elsewhere; its card says nothing of its training."""
    files = {}
    for path in map(Path, paths):
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        top = path if path.is_dir() else path.parent
        files.update({p.relative_to(top).as_posix(): p for p in found if not p.is_dir()})
    if not files:
        raise StartError("Name the files, or their folder: python -m app.models add model.onnx")
    folder = settings.models_dir / served.name
    content = {name: read_file(served.name, path) for name, path in files.items()}
    write_artefact(folder, content, ModelFacts(labels=[label for label in labels if label]))
    remove_versions(folder, settings.model_keep)
    show(folder)


def pack(models: Sequence[Served[Any, Any]], settings: ModelSettings, paths: Sequence[str]) -> None:
    """Write the archive, and print the setting that names it."""
    if len(paths) != 1:
        raise StartError("Name the file to write: python -m app.models pack models.tar.gz")
    names = [served.name for served in models if not served.card]
    digest = pack_models(settings.models_dir, names, Path(paths[0]))
    print(f"MODEL_SOURCE=https://…/{Path(paths[0]).name}#sha256={digest}")


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
