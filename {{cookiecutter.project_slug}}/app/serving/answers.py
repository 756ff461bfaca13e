"""What a model answers: the ready-made answers, and the class that yours derives from."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeVar, cast

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from app.serving.card import ModelCard
from app.serving.errors import BadAnswerError
from app.serving.lenient import lenient_each

AnswerT = TypeVar("AnswerT", bound="Answer")
BaseT = TypeVar("BaseT", bound=BaseModel)
Outputs = Mapping[str, "np.ndarray[tuple[Any, ...], np.dtype[Any]]"]

# float32 adds up to a little more than 1
Probability = Annotated[float, Field(ge=0, le=1.0001)]
SHORT, LONG = 1e-3, 1e15  # numbers between them are written with six decimals
LONGEST_CELL = 25  # bytes of a number


class Answer(BaseModel):
    """The answer for one row. No number in it is NaN or infinite: JSON has neither.

    If a part of it is a model, derive that from this class as well.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, revalidate_instances="always")

    outputs: ClassVar[Sequence[str]] = ()  # of an ONNX graph that answers are made of; (): all
    outcome_field: ClassVar[str | None] = None  # the one that is compared with what came true

    @classmethod
    def from_outputs(cls, _outputs: Outputs, _card: ModelCard, /) -> "Sequence[Answer]":
        """Make the answers of what an ONNX graph gives: arrays with an entry for each row."""
        raise NotImplementedError(f"{cls.__name__} has no from_outputs: docs/own-model.md")

    @classmethod
    def columns(cls, _card: ModelCard, /) -> list[str]:
        """Return the names of an answer's columns in a CSV."""
        return list(cls.model_fields)

    def cells(self, _card: ModelCard, /, mark: str = ".") -> list[str]:
        """Return the texts of those columns; what is no text or number becomes JSON.

        Numbers have this decimal mark.
        """
        return [as_cell(value, mark) for value in self.model_dump(mode="json").values()]

    @classmethod
    def longest(cls, card: ModelCard, /) -> int:
        """Return how many bytes an answer takes in a CSV; a guess, where that cannot be known."""
        return LONGEST_CELL * len(cls.columns(card))


class Classification(Answer):
    """One of the card's labels."""

    label: str = Field(description="The most probable label", examples=["spam"])
    probabilities: dict[str, Probability] = Field(
        description="The probability of each label", examples=[{"spam": 0.98, "ham": 0.02}]
    )

    outputs: ClassVar[Sequence[str]] = ("probabilities",)
    outcome_field: ClassVar[str | None] = "label"

    @classmethod
    def from_outputs(cls, outputs: Outputs, card: ModelCard, /) -> "Sequence[Classification]":
        """Read the graph's output `probabilities`: floats of shape (rows, labels).

        For two labels it may be the second one's alone, of shape (rows,).
        """
        found, labels = outputs["probabilities"], card.labels
        if np.ndim(found) == 1 and len(labels) == 2:
            found = np.column_stack([1 - found, found])
        found = floats(found)
        if found.shape[1] != len(labels):
            known = f"its card has {len(labels)} labels ({', '.join(labels) or 'none'})"
            raise BadAnswerError(f"{found.shape[1]} probabilities for each row, and {known}")
        return lenient_each(
            cls,
            [
                {"label": labels[best], "probabilities": dict(zip(labels, row, strict=True))}
                for best, row in zip(found.argmax(axis=1).tolist(), found.tolist(), strict=True)
            ],
        )

    @classmethod
    def columns(cls, card: ModelCard, /) -> list[str]:
        """Return the names: `label`, and one for each label."""
        return ["label", *(f"probability_{label}" for label in card.labels)]

    def cells(self, card: ModelCard, /, mark: str = ".") -> list[str]:
        """Return the label, and the probability of each of the card's."""
        numbers = [f"{self.probabilities[label]:.6f}" for label in card.labels]
        return [self.label, *([n.replace(".", mark) for n in numbers] if mark != "." else numbers)]

    @classmethod
    def longest(cls, card: ModelCard, /) -> int:
        """Return the bytes of the longest label, and of the probabilities."""
        return max(map(width, card.labels)) + len(",0.000000") * len(card.labels) + 1


class Regression(Answer):
    """A number."""

    value: float = Field(description="What the model expects", examples=[152.1])

    outcome_field: ClassVar[str | None] = "value"

    @classmethod
    def from_outputs(cls, outputs: Outputs, _card: ModelCard, /) -> "Sequence[Regression]":
        """Read the graph's only output: floats of shape (rows, 1) or (rows,)."""
        (found,) = outputs.values()
        values = floats(found.reshape(len(found), -1), 1)[:, 0].tolist()
        return lenient_each(cls, [{"value": value} for value in values])


class Embedding(Answer):
    """A vector."""

    vector: list[float] = Field(description="The numbers of the vector", examples=[[0.1, -0.7]])

    @classmethod
    def from_outputs(cls, outputs: Outputs, _card: ModelCard, /) -> "Sequence[Embedding]":
        """Read the graph's only output: floats of shape (rows, length)."""
        (found,) = outputs.values()
        return lenient_each(cls, [{"vector": row} for row in floats(found).tolist()])


def floats(
    found: "np.ndarray[tuple[Any, ...], np.dtype[Any]]", width: int | None = None
) -> "np.ndarray[tuple[Any, ...], np.dtype[Any]]":
    """Return what a graph gave if it is floats of shape (rows, width); or raise BadAnswerError."""
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f":
        given = getattr(found, "dtype", type(found).__name__)
        raise BadAnswerError(f"{given} instead of an array of floats")
    if found.ndim != 2 or width not in (None, found.shape[1]):
        wanted = f"(rows, {width or 'length'})"
        raise BadAnswerError(f"numbers of shape {found.shape} instead of {wanted}")
    return found


def width(label: str) -> int:
    """Return how many bytes a label takes in a CSV at most, with quotes or an apostrophe."""
    return len(label.encode()) + (0 if label.isalnum() else 3 + label.count('"'))


def as_cell(value: object, mark: str = ".") -> str:
    """Return the text of a value in a CSV."""
    if isinstance(value, float):
        usual = not value or SHORT <= abs(value) < LONG
        return (f"{value:.6f}" if usual else f"{value:.6g}").replace(".", mark)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def check_values(answer: Answer) -> None:
    """Raise BadAnswerError if the answer breaks a rule of its class."""
    try:
        type(answer).__pydantic_validator__.validate_python(vars(answer))
    except ValidationError as error:
        raise bad_answer(error) from None


def bad_answer(error: ValidationError) -> BadAnswerError:
    """Return the error that says which value of an answer breaks which rule."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"]))
    value = f"{first['input']!r:.60}"
    return BadAnswerError(f"{value} for {place} ({first['msg'].lower()})")


class Checked(BaseModel):
    """What is not checked once more when FastAPI answers it."""

    model_config = ConfigDict(revalidate_instances="never")


def derive(
    name: str,
    base: type[BaseT],
    answer: type[Answer],
    **more: Any,  # noqa: ANN401
) -> type[BaseT]:
    """Return a class with the fields of an answer, then those of the base, and then more."""
    bases = (base, answer, Checked)
    derived: Any = create_model(name, __base__=bases, __doc__=base.__doc__, **more)
    return cast("type[BaseT]", derived)
