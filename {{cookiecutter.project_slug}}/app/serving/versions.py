"""The command for the versions of models: list them, serve another one, go back, check them.

A service that runs notices within a second or two, and needs no restart.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.kit.settings import load_settings
from app.kit.start import StartError
from app.serving.artefact import CARD_FILE, read_card, roll_back, serve_version, served_versions
from app.serving.loading import load_version
from app.serving.served import Served
from app.serving.settings import ModelSettings

USAGE = """
  list            every version: when it was trained, how good it was; * is the one that is served
  use VERSION     serve this version; its first digits are enough
  rollback        serve the version that was served before
  check           load every version, ask it its example, and say what is wrong
"""


def main(models: Sequence[Served[Any, Any]]) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m app.models",
        description=__doc__,
        epilog=USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["list", "use", "rollback", "check"])
    parser.add_argument("version", nargs="?", help="for `use`")
    names = [served.name for served in models]
    parser.add_argument("--model", choices=names, default=names[0], help="default: the first")
    given = parser.parse_args()
    (served,) = [one for one in models if one.name == given.model]
    try:
        settings = load_settings(ModelSettings)
        folder = settings.models_dir / served.name
        if given.command == "check":
            sys.exit(check(served, settings, folder))
        if given.command == "use":
            version = find(folder, given.version)
            load_version(served, settings, version).close()  # what is unfit is refused here already
            serve_version(folder, version)
        if given.command == "rollback" and not roll_back(folder):
            raise StartError("No other version was served before: python -m app.models list")
        show(folder)
    except StartError as error:
        sys.exit(str(error))


def versions(folder: Path) -> list[str]:
    """Return every version that is there, the one that was trained last first."""
    found = [path.parent.name for path in folder.glob(f"*/{CARD_FILE}")]
    if not found:
        train = f"uv run python -m app.models.{folder.name}.train"
        raise StartError(f"{folder} has no version. Train one: {train} (or your own training)")
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


def check(served: Served[Any, Any], settings: ModelSettings, folder: Path) -> int:
    """Print what is wrong with each version; return the exit status."""
    status = 0
    for version in versions(folder):
        try:
            load_version(served, settings, version).close()
        except StartError as error:
            status = 1
            print(f"{version}  {error}")
        else:
            print(f"{version}  answers its example")
    return status
