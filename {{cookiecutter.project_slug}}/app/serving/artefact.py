"""The artefact folder: `card.json` and the ONNX file whose hash the card holds.

The ONNX file is named after its hash, and the card is replaced last, in one step. So a reader finds
the old model or the new one, whatever happens while a new one is written.
"""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, FiniteFloat, ValidationError, field_validator

from app.kit.start import StartError

CARD_FILE = "card.json"
TRAIN_COMMAND = "uv run python -m app.models.iris.train"


class FeatureRange(BaseModel):
    """An input of the model, and its range in training."""

    name: str
    unit: str
    minimum: FiniteFloat = Field(description="The smallest value in the training data")
    maximum: FiniteFloat = Field(description="The largest value in the training data")


class ModelFacts(BaseModel):
    """What is known of a model from its training."""

    name: str
    metrics: dict[str, FiniteFloat] = Field(description="Measured on data held out of the training")
    features: list[FeatureRange] = Field(min_length=1, description="In the order of the columns")
    labels: list[str] = Field(min_length=2, description="In the order of the probabilities")
    libraries: dict[str, str] = Field(description="What the model was made with")

    @field_validator("labels")
    @classmethod
    def demand_different_labels(cls, labels: list[str]) -> list[str]:
        """Refuse a label that is there twice: an answer has each one once."""
        if len(set(labels)) != len(labels):
            raise ValueError("each label must be there once")
        return labels


class ModelCard(ModelFacts):
    """The content of `card.json`."""

    card_schema: Literal[1] = Field(1, description="The version of the card's own layout")
    version: str = Field(description="The first 12 digits of the ONNX file's SHA-256")
    sha256: str = Field(description="The ONNX file's SHA-256, in hexadecimal")
    trained_at: datetime

    @property
    def file_name(self) -> str:
        """The name of the ONNX file beside the card."""
        return f"model-{self.version}.onnx"


class ArtefactError(StartError):
    """The model's artefact is missing, damaged, or made for other features."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"{cause}\nTrain the model again: {TRAIN_COMMAND} (or your own training)")


def write_artefact(folder: Path, onnx: bytes, facts: ModelFacts) -> ModelCard:
    """Write the model and its card to the folder, and remove earlier models."""
    sha256 = hashlib.sha256(onnx).hexdigest()
    card = ModelCard(
        **facts.model_dump(), version=sha256[:12], sha256=sha256, trained_at=datetime.now(UTC)
    )
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / card.file_name
    replace_file(kept, onnx)
    replace_file(folder / CARD_FILE, card.model_dump_json(indent=2).encode())
    for old in set(folder.glob("model-*.onnx")) - {kept}:
        old.unlink()
    return card


def replace_file(path: Path, content: bytes) -> None:
    """Write a draft beside the file, then rename it: no reader sees half a file."""
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_artefact(folder: Path) -> tuple[ModelCard, bytes]:
    """Return the card and the content of its ONNX file, or raise ArtefactError."""
    card = read_card(folder)
    try:
        onnx = read_file(folder / card.file_name)
    except ArtefactError:
        if read_card(folder) == card:
            raise
        return read_artefact(folder)  # it was replaced and removed after its card was read
    if hashlib.sha256(onnx).hexdigest() != card.sha256:
        raise ArtefactError(f"{folder / card.file_name} is truncated or altered.")
    return card, onnx


def read_card(folder: Path) -> ModelCard:
    """Return the card, or raise ArtefactError."""
    try:
        return ModelCard.model_validate_json(read_file(folder / CARD_FILE))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        why = f"{place}: {first['msg']}" if place else first["msg"]
        raise ArtefactError(
            f"{folder / CARD_FILE} is not a model card of layout 1 ({why})."
        ) from None


def read_file(path: Path) -> bytes:
    """Return the content of a file, or raise ArtefactError."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: no path has a null character
        reason = error.strerror if isinstance(error, OSError) else error
        raise ArtefactError(f"{path} cannot be read: {reason}.") from None
