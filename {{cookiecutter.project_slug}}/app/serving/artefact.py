"""The artefact: a folder with a model's files and `card.json`, which has the hash of each.

Training adds a folder for each version, and then names it in the file `current`, which is replaced
in one step. So a reader finds the old version or the new one, whatever happens meanwhile.

    var/models/<name>/
        current               the version that is served, and those before it, the latest first
        1f0e6a…/card.json     what is known of it
        1f0e6a…/model.onnx    whatever the model is made from
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import structlog
from pydantic import ValidationError

from app.kit.start import StartError
from app.serving.card import ModelCard, ModelFacts
from app.serving.settings import ModelSettings

logger = structlog.get_logger()

CARD_FILE = "card.json"
CURRENT_FILE = "current"
LONGEST_VERSION = 64  # characters of a version's name


def train_command(name: str) -> str:
    """Return what to type to train a model."""
    return f"uv run python -m app.models train --model {name} (or your own training)"


class ArtefactError(StartError):
    """The model's artefact is missing, damaged, or made for something else."""

    def __init__(self, name: str, cause: str) -> None:
        again = f"Train the model again: {train_command(name)}"
        before = f"Or serve the version before: uv run python -m app.models rollback --model {name}"
        super().__init__(f"{cause}\n{again}\n{before}")


@dataclass(frozen=True)
class Artefact:
    """What a model is made from."""

    name: str
    folder: Path  # of this version; `read` and `path` check the files in it
    card: ModelCard
    settings: ModelSettings
    features: type[Any]
    answer: type[Any]
    _checked: set[str] = field(default_factory=set, repr=False)

    def read(self, file: str) -> bytes:
        """Return the content of one of the files, or raise ArtefactError."""
        self._find(file)
        content = read_file(self.name, self.folder / file)
        self._compare(file, hashlib.sha256(content))
        return content

    def path(self, file: str) -> Path:
        """Return where one of the files is, or raise ArtefactError; for libraries that read it."""
        self._find(file)
        path = self.folder / file
        if file not in self._checked:
            with readable(self.name, path), path.open("rb") as opened:
                self._compare(file, hashlib.file_digest(opened, "sha256"))
        return path

    def _find(self, file: str) -> None:
        if file not in self.card.files:
            there = ", ".join(self.card.files)
            raise ArtefactError(self.name, f"The version has no file {file}. It has: {there}.")

    def _compare(self, file: str, digest: Any) -> None:  # noqa: ANN401
        if digest.hexdigest() != self.card.files[file]:
            raise ArtefactError(self.name, f"{self.folder / file} is truncated or altered.")
        self._checked.add(file)

    def pickle_path(self, file: str) -> Path:
        """Return where a file is whose loading runs code in it, as a pickle's does; warn of it."""
        logger.warning("model_file_runs_code", model=self.name, file=file)
        return self.path(file)


def write_artefact(folder: Path, files: Mapping[str, bytes], facts: ModelFacts) -> ModelCard:
    """Add a version to a model's folder, and serve it from now on; a file may be in a folder."""
    for name in files:
        if Path(name).is_absolute() or ".." in Path(name).parts or name == CARD_FILE:
            raise StartError(
                f"{name!r} is no name for a file of a model: it has a folder of its own."
            )
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    # the labels say what the files' numbers mean: in another order, it is another model
    meaning = (sorted(hashes.items()), facts.kind, facts.labels)
    version = hashlib.sha256(repr(meaning).encode()).hexdigest()[:12]
    card = ModelCard(
        **facts.model_dump(),
        name=folder.name,
        version=version,
        files=hashes,
        trained_at=datetime.now(UTC),
    )
    place = folder / version
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        replace_file(place / name, content)
    replace_file(place / CARD_FILE, card.model_dump_json(indent=2).encode())
    serve_version(folder, version)
    return card


def served_versions(folder: Path) -> list[str]:
    """Return the version that is served, and those that were before it, the latest first."""
    try:
        return (folder / CURRENT_FILE).read_text("utf-8", "replace").split("\n")
    except OSError:
        return []


def write_served(folder: Path, versions: Sequence[str]) -> None:
    """Name the version that is served, and those that were before it."""
    replace_file(folder / CURRENT_FILE, "\n".join(versions).encode())


def serve_version(folder: Path, version: str) -> None:
    """Serve this version from now on; the next look of each worker finds it."""
    before = [name for name in served_versions(folder) if name != version]
    write_served(folder, [version, *before])


def replace_file(path: Path, content: bytes) -> None:
    """Write a draft beside the file, then rename it: no reader sees half a file.

    Each draft has a name of its own, as two trainings may end at the same time.
    """
    draft = path.with_name(f"{path.name}.{token_hex(4)}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def current_version(folder: Path) -> str:
    """Return the version that is served, or raise ArtefactError."""
    path = folder / CURRENT_FILE
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ArtefactError(folder.name, f"{path} cannot be read: it is no file.")
    with readable(folder.name, path), path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(LONGEST_VERSION).removesuffix("\n")


def read_card(folder: Path, version: str) -> ModelCard:
    """Return the card of a version, or raise ArtefactError."""
    path = folder / version / CARD_FILE
    try:
        card = ModelCard.model_validate_json(read_file(folder.name, path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        why = f"{place}: {first['msg']}" if place else first["msg"]
        cause = f"{path} is not a model card of layout 2 ({why})."
        raise ArtefactError(folder.name, cause) from None
    if card.version != version:
        raise ArtefactError(folder.name, f"{path} is the card of version {card.version!r}.")
    return card


def read_file(name: str, path: Path) -> bytes:
    """Return the content of a file of this model, or raise ArtefactError."""
    with readable(name, path):
        return path.read_bytes()


@contextmanager
def readable(name: str, path: Path) -> Iterator[None]:
    """Raise ArtefactError for what keeps this file of a model from being read."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: no path has a null character
        reason = error.strerror if isinstance(error, OSError) else error
        raise ArtefactError(name, f"{path} cannot be read: {reason}.") from None
