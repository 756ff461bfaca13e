"""The versions of a model on disk: listed, chosen and checked by `python -m app.models`."""

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app.kit.start import StartError
from app.serving.artefact import (
    CARD_FILE,
    CURRENT_FILE,
    current_version,
    read_card,
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
    show(served, settings)


def keep_if_fit(
    served: Served[Any, Any], settings: ModelSettings, version: str, before: Sequence[str]
) -> None:
    """Load a new version, and remove the oldest beyond `MODEL_KEEP`.

    If the new one is unfit, remove it, serve what was served before, and raise StartError.
    """
    folder = settings.models_dir / served.name
    try:
        load_version(served, settings, version).close()
    except StartError:
        if before:
            write_served(folder, before)
        else:
            (folder / CURRENT_FILE).unlink()
        if version not in before:
            shutil.rmtree(folder / version)
        raise
    remove_versions(folder, settings.model_keep)


def roll_back(folder: Path, is_fit: Callable[[str], bool] = lambda _: True) -> str | None:
    """Serve the last fit version that was served before, and return it; None if there was none."""
    now, *before = served_versions(folder) or [""]
    there = [name for name in before if (folder / name / CARD_FILE).exists()]
    fit = next(filter(is_fit, there), None)
    if fit:
        at = there.index(fit)
        write_served(folder, [*there[at:], *there[:at], now])
    return fit


def remove_versions(folder: Path, kept: int) -> None:
    """Remove all that were served but the last ones; not what another training is adding."""
    versions = served_versions(folder)
    write_served(folder, versions[:kept])
    for version in versions[kept:]:
        if (folder / version / CARD_FILE).exists():
            shutil.rmtree(folder / version)


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


def show(served: Served[Any, Any], settings: ModelSettings) -> None:
    """Print every version of a model."""
    folder = settings.models_dir / served.name
    found, now = versions(folder), served_versions(folder)[:1]
    print(f"{served.name}:")
    for version in found:
        mark = "*" if [version] == now else " "
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
    found = {version: is_fit(served, settings, version) for version in versions(folder)}
    now = current_version(folder)
    for version, fit in found.items():
        mark = "*" if version == now else " "
        print(f"{mark} {served.name} {version}  {'answers its example' if fit else 'is unfit'}")
    if not found.get(now):
        print(f"{served.name} cannot be served: {now} is unfit.")
    return int(not found.get(now))
