"""The artefact folder: `card.json` and the ONNX file whose hash the card holds.

The ONNX file is named after its hash and the card is replaced last, in one step, so that a
reader finds the old model or the new one, whatever happens while a new one is written.
"""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from app.errors import StartError
from app.model.card import ModelCard, ModelFacts

CARD_FILE = "card.json"
TRAIN_COMMAND = "uv run python -m app.model.train"


class ArtefactError(StartError):
    """The model's artefact is missing, damaged, or made for other features."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"{cause}\nTrain the model anew: {TRAIN_COMMAND}")


def onnx_path(folder: Path, version: str) -> Path:
    """Where the model of this version is."""
    return folder / f"model-{version}.onnx"


def write_artefact(folder: Path, onnx: bytes, facts: ModelFacts) -> ModelCard:
    """Write the model and its card into the folder, and remove the models before it."""
    sha256 = hashlib.sha256(onnx).hexdigest()
    card = ModelCard(
        **facts.model_dump(), version=sha256[:12], sha256=sha256, trained_at=datetime.now(UTC)
    )
    folder.mkdir(parents=True, exist_ok=True)
    kept = onnx_path(folder, card.version)
    replace_file(kept, onnx)
    replace_file(folder / CARD_FILE, card.model_dump_json(indent=2).encode())
    for old in set(folder.glob("model-*.onnx")) - {kept}:
        old.unlink()
    return card


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the file, then rename: nobody sees half of it."""
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_artefact(folder: Path) -> tuple[ModelCard, bytes]:
    """The card, and the ONNX file that it is the card of; anything else is an ArtefactError."""
    try:
        card = ModelCard.model_validate_json((folder / CARD_FILE).read_bytes())
        onnx = onnx_path(folder, card.version).read_bytes()
    except FileNotFoundError as error:
        raise ArtefactError(f"There is no {error.filename}.") from None
    except ValidationError:
        raise ArtefactError(f"{folder / CARD_FILE} is not a model card of layout 1.") from None
    if hashlib.sha256(onnx).hexdigest() != card.sha256:
        raise ArtefactError(f"{onnx_path(folder, card.version)} is truncated or altered.")
    return card, onnx
