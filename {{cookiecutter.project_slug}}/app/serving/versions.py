"""The versions of a model on disk: listed, chosen and checked by `python -m app.models`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app.kit.start import StartError
from app.serving.artefact import (
    CARD_FILE,
    current_version,
    read_card,
    remove_versions,
    roll_back,
    serve_version,
    served_versions,
    train_command,
    write_served,
)
from app.serving.loading import load_version
from app.serving.served import Served
from app.serving.settings import ModelSettings


def choose(served: Served[Any, Any], settings: ModelSettings, command: str, version: str) -> None:
    """Serve another version, if that is the command, and print every version."""
    folder = settings.models_dir / served.name
    if command == "use":
        version = find(folder, version)
        load_version(served, settings, version).close()  # an unfit one is refused already here
        serve_version(folder, version)
    if command == "rollback" and not roll_back(folder, partial(is_fit, served, settings)):
        raise StartError("No earlier version can be served again: python -m app.models list")
    show(folder)


def keep_if_fit(
    served: Served[Any, Any], settings: ModelSettings, version: str, before: Sequence[str]
) -> None:
    """Load a new version, and remove the oldest beyond `MODEL_KEEP`.

    If the new one is unfit, serve what was served before, and raise StartError.
    """
    folder = settings.models_dir / served.name
    try:
        load_version(served, settings, version).close()
    except StartError:
        if before:
            write_served(folder, before)
        raise
    remove_versions(folder, settings.model_keep)


def is_fit(served: Served[Any, Any], settings: ModelSettings, version: str) -> bool:
    """Return whether a version can be served; if not, print what is wrong with it."""
    try:
        load_version(served, settings, version).close()
    except StartError as error:
        print(f"{served.name} {version}  {error}")
        return False
    return True


def versions(folder: Path) -> list[str]:
    """Return every version that is there, the latest first."""
    found = [path.parent.name for path in folder.glob(f"*/{CARD_FILE}")]
    if not found:
        raise StartError(f"{folder} has no version. Train one: {train_command(folder.name)}")
    return sorted(found, key=lambda version: (folder / version).stat().st_mtime, reverse=True)


def find(folder: Path, start: str) -> str:
    """Return the only version that begins with these digits."""
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
    """Print what is wrong with each version; return 1 if it is the served one that is unfit."""
    folder = settings.models_dir / served.name
    unfit = []
    for version in versions(folder):
        if is_fit(served, settings, version):
            print(f"{served.name} {version}  answers its example")
        else:
            unfit.append(version)
    return int(current_version(folder) in unfit)
