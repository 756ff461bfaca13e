"""Train your models, list their versions, choose which is served, or print a question.

A running service notices a change within a second or two, and needs no restart.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.kit.settings import load_settings
from app.kit.start import StartError
from app.serving.answers import as_cell
from app.serving.artefact import (
    current_version,
    read_card,
    served_versions,
    write_artefact,
)
from app.serving.card import ModelFacts
from app.serving.examples import example_of
from app.serving.served import Served
from app.serving.settings import ModelSettings
from app.serving.source import pack_models
from app.serving.versions import check, choose, keep_if_fit, show

USAGE = """
  train           train the model, or all of them; each training adds a version, and serves it
  list            list the versions: when each was trained, how good it is; * marks the one served
  use VERSION     serve this version; its first digits are enough
  rollback        serve the version that was served before
  check           load every version, ask it the example, and print what is wrong; fails if the
                  version that is served is unfit
  add FILES       add a version made of your files, or of those in a folder, and serve it
  pack FILE       write an archive of the versions served, and print the MODEL_SOURCE that names it
  example         print a question that the model can answer: as JSON, or with --rows 1000 as a CSV
"""
NO_TRAINING = """app/models/{name}/train.py is missing: docs/own-model.md says how to write it.
If you have the model's files, type: uv run python -m app.models add FILES --model {name}"""
NOT_INSTALLED = """The training of {name} needs {missing}, which is not installed. Type: uv sync
If the project does not declare it yet: uv add --group train {missing}"""


def main(models: Sequence[Served[Any, Any]]) -> None:
    """Do what the command line says."""
    given = parser_for([served.name for served in models]).parse_args()
    chosen = [served for served in models if given.model in (served.name, None)]
    try:
        settings = load_settings(ModelSettings)
        if given.command in ("add", "use", "rollback"):
            demand_model(given.model, models)
        if given.command == "train":
            for served in chosen:
                train(served, settings, only_missing=given.missing, one=bool(given.model))
        elif given.command == "pack":
            pack(chosen, settings, given.argument)
        elif given.command == "add":
            add(chosen[0], settings, given.argument, given.labels.split(","))
        elif given.command == "example":
            print_example(chosen[0], settings, given.rows)
        elif given.command == "check":
            sys.exit(max([check(served, settings) for served in chosen]))
        elif given.command == "list":
            for served in chosen:
                show(served, settings)
        else:
            choose(chosen[0], settings, given.command, "".join(given.argument[:1]))
    except StartError as error:
        sys.exit(str(error))


def parser_for(names: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of the command line; these are the names of the models."""
    parser = argparse.ArgumentParser(
        prog="python -m app.models",
        description=__doc__,
        epilog=USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = ["train", "list", "use", "rollback", "check", "add", "pack", "example"]
    parser.add_argument("command", choices=commands)
    parser.add_argument("argument", nargs="*", help="a version for `use`, files for `add`, `pack`")
    either = "default: all; for `add`, `use` and `rollback`, the only one; for `example`, the first"
    parser.add_argument("--model", choices=names, help=either)
    parser.add_argument("--missing", action="store_true", help="for `train`: if it has no version")
    parser.add_argument("--labels", default="", help="for `add`: a classification's labels, as a,b")
    parser.add_argument("--rows", type=int, help="for `example`: a CSV with this many rows")
    return parser


def demand_model(name: str | None, models: Sequence[Served[Any, Any]]) -> None:
    """Raise StartError if there are several models, and none was named."""
    if name is None and len(models) > 1:
        names = ", ".join(served.name for served in models)
        raise StartError(f"Name the model with --model. There are: {names}.")


def train(
    served: Served[Any, Any], settings: ModelSettings, *, only_missing: bool, one: bool
) -> None:
    """Run the training of a model, which adds a version, and print how good it is."""
    name, folder = served.name, settings.models_dir / served.name
    if served.card:
        return  # it has no artefact
    if only_missing and served_versions(folder):
        print(f"{name} already has a version")
        return
    if not one and not has_training(name):
        print(f"{name} has no train.py, so there is nothing to train")
        return
    print(f"Training {name} …", flush=True)
    try:
        training = import_module(f"app.models.{name}.train")
    except ModuleNotFoundError as error:
        own = (error.name or "").startswith(f"app.models.{name}")
        cause = NO_TRAINING if own else NOT_INSTALLED
        raise StartError(cause.format(name=name, missing=error.name)) from None
    before = served_versions(folder)
    card = training.train(folder)
    keep_if_fit(served, settings, card.version, before)
    print(f"{name} {card.version} is in {folder}")
    width = max([14, *map(len, card.metrics)])
    for metric, value in card.metrics.items():
        print(f"  {metric:<{width}} {value:g}")


def has_training(name: str) -> bool:
    """Tell whether a model's folder has a training."""
    try:
        return find_spec(f"app.models.{name}.train") is not None
    except ModuleNotFoundError:  # nor is there a folder
        return False


def add(
    served: Served[Any, Any], settings: ModelSettings, paths: Sequence[str], labels: Sequence[str]
) -> None:
    """Add a version made of files from elsewhere; its card says nothing about its training."""
    files = {}
    for path in map(Path, paths):
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        top = path if path.is_dir() else path.parent
        files.update({p.relative_to(top).as_posix(): p for p in found if not p.is_dir()})
    if not files:
        raise StartError("Name the files, or their folder: python -m app.models add model.onnx")
    folder = settings.models_dir / served.name
    try:
        content = {name: path.read_bytes() for name, path in files.items()}
    except OSError as error:
        raise StartError(f"{error.filename} cannot be read: {error.strerror}.") from None
    before = served_versions(folder)
    facts = ModelFacts(labels=[label.strip() for label in labels if label.strip()])
    keep_if_fit(served, settings, write_artefact(folder, content, facts).version, before)
    show(served, settings)


def pack(models: Sequence[Served[Any, Any]], settings: ModelSettings, paths: Sequence[str]) -> None:
    """Write the archive, and print the setting that names it."""
    if len(paths) != 1:
        raise StartError("Name the file to write: python -m app.models pack models.tar.gz")
    names = [served.name for served in models if not served.card]
    digest = pack_models(settings.models_dir, names, Path(paths[0]))
    print(f"MODEL_SOURCE=https://…/{Path(paths[0]).name}#sha256={digest}")


def print_example(served: Served[Any, Any], settings: ModelSettings, rows: int | None) -> None:
    """Print what the model may be asked: as JSON, or as a CSV that repeats the row."""
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
