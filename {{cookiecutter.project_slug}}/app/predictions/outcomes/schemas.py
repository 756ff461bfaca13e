"""What turned out to be true of a prediction: some of its answer's fields, with the truth."""

from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict, create_model, model_validator
from pydantic_core import PydanticCustomError

from app.errors import AppError
from app.serving.answers import Answer, Classification


class BadOutcomeError(AppError):
    """This cannot have turned out to be true."""

    status = 422
    title = "Bad Outcome"


class ObservedOutcome(BaseModel):
    """What turned out to be true."""

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, json_schema_extra={"minProperties": 1}
    )

    @model_validator(mode="after")
    def demand_one(self) -> Self:
        """Refuse an outcome that says nothing."""
        if not self.model_fields_set:
            raise PydanticCustomError("too_short", "An outcome needs a field of the answer")
        return self


def outcome_of(name: str, answer: type[Answer]) -> type[ObservedOutcome]:
    """Return the class of what may turn out to be true.

    It has the answer's `outcome_field`, with its rules; if there is none, all its fields, each of
    them optional. The label of a classification may be null: the truth was none of its labels.
    """
    required = answer.outcome_field
    fields: dict[str, Any] = {}
    for field, info in answer.model_fields.items():
        if required in (field, None):
            kind: Any = info.rebuild_annotation()
            nullable = required is None or issubclass(answer, Classification)
            fields[field] = (kind | None if nullable else kind, ... if required else None)
    made: Any = create_model(
        f"{name}Outcome", __base__=ObservedOutcome, __doc__=ObservedOutcome.__doc__, **fields
    )
    return cast("type[ObservedOutcome]", made)


def check_label(answer: type[Answer], outcome: ObservedOutcome, known: set[str]) -> None:
    """Raise BadOutcomeError if the label is not a known one: it may be misspelt."""
    label = vars(outcome).get("label") if issubclass(answer, Classification) else None
    if label is not None and known and label not in known:
        raise BadOutcomeError(
            f"The model knows {', '.join(sorted(known))}. If the truth is none of these, send null."
        )
