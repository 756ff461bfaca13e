"""What is checked at the start: that training, API and model agree, and that the model answers."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from traceback import extract_tb
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError

from app.kit.start import StartError
from app.serving.answers import check_values
from app.serving.artefact import ArtefactError
from app.serving.card import FeatureCategories, FeatureRange, FeatureSeen, ModelCard
from app.serving.errors import BadAnswerError
from app.serving.examples import ROOT, key_of, place_of
from app.serving.loaded import LoadedModel

logger = structlog.get_logger()

NEIGHBOURS = (
    "Its answer to a row depends on the rows asked with it. If it makes a DataFrame of them, name "
    "the type of each column: docs/own-model.md. If nothing helps, MODEL_BATCH_SIZE=1 asks each "
    "row alone, but for those of a file."
)


def check_kind(name: str, answer: type[BaseModel], card: ModelCard) -> None:
    """Check that the model's kind of answer is the one that the service answers with."""
    if card.kind and card.kind != answer.__name__:
        cause = f"The model gives a {card.kind}, but app/models/__init__.py has {answer.__name__}."
        raise ArtefactError(name, cause)


def check_features(name: str, features: type[BaseModel], card: ModelCard) -> None:
    """Check that training saw the features that the API takes, in their order and units."""
    place, names = place_of(features), list(features.model_fields)
    found = [feature.name for feature in card.features]
    if found and found != names:
        raise ArtefactError(name, f"The model was trained on {found}, but {place} has {names}.")
    units = units_of(features)
    for feature in card.features:
        unit = units[feature.name]
        if isinstance(feature, FeatureRange) and feature.unit and unit not in (None, feature.unit):
            cause = f"The model was trained on {feature.name} in {feature.unit}, but {place} has"
            raise ArtefactError(name, f"{cause} {unit}.")


def units_of(features: type[BaseModel]) -> dict[str, str | None]:
    """Return each feature's unit; None if it has none."""
    properties = features.model_json_schema(by_alias=False).get("properties", {})
    return {name: found.get("unit") for name, found in properties.items()}


def check_bounds(example: BaseModel, card: ModelCard) -> None:
    """Raise StartError if the API refuses values that training saw; it names them all."""
    refused = []
    for feature in card.features:
        for value in values_of(feature):
            try:
                with_value(example, feature.name, value)
            except ValidationError as error:
                refused.append(f"  {value!r} for {feature.name}: {error.errors()[0]['msg']}")
    if refused:
        raise StartError(
            f"{place_of(type(example))} refuses what the model was trained on:\n"
            + "\n".join(refused)
            + "\nChange the rules there, or train without such values: python -m app.models train"
        )


def with_value(example: BaseModel, name: str, value: object) -> BaseModel:
    """Return the example with another value of this feature, or raise ValidationError."""
    fields = type(example).model_fields
    asked = {key_of(other, field): getattr(example, other) for other, field in fields.items()}
    return type(example).model_validate({**asked, key_of(name, fields[name]): value})


def values_of(feature: FeatureSeen) -> Iterator[Any]:
    """Yield the edges of what training saw, or each category; and None if values were missing."""
    if isinstance(feature, FeatureCategories):
        yield from feature.categories
    elif isinstance(feature, FeatureRange):
        for edge in (feature.minimum, feature.maximum):
            yield int(edge) if edge.is_integer() else edge
    if feature.missing:
        yield None


def check_answers(model: LoadedModel[Any, Any]) -> None:
    """Ask the model its example, and that without each feature that may be missing.

    Each is asked alone, and all at once: a model may work with one number of rows only.
    """
    rows = {"": model.example, **with_gaps(model.example)}
    alone = [ask(model, [row], without)[0] for without, row in rows.items()]
    beside = ask(model, [*rows.values(), model.example])
    if not all(alike(a.model_dump(), b.model_dump()) for a, b in zip(alone, beside, strict=False)):
        logger.warning("model_answers_by_neighbours", model=model.served.name, hint=NEIGHBOURS)


def with_gaps(example: BaseModel) -> dict[str, BaseModel]:
    """Return the example without each feature that may be missing, by the feature's name."""
    found = {}
    for name in type(example).model_fields:
        with suppress(ValidationError):
            found[name] = with_value(example, name, None)
    return found


def ask(model: LoadedModel[Any, Any], rows: Sequence[BaseModel], without: str = "") -> list[Any]:
    """Return the answers, or raise ArtefactError; the cells of a CSV are made of them as well."""
    name, place = model.served.name, place_of(model.served.features)
    what = f" without {without}" if without else ""
    needs = f" If the model needs it, {place} must require {without}." if without else ""
    try:
        answers = model.predict(rows)
        for answer in answers:
            check_values(answer)
            if len(answer.cells(model.card)) != len(answer.columns(model.card)):
                raise BadAnswerError("not one cell for each column")
    except BaseException as error:  # `sys.exit()` would pass for a check that succeeded
        real = error.__cause__ or error
        raised = f"the model raised {type(real).__name__}: {real}{place_in(real)}."
        cause = error if isinstance(error, BadAnswerError) else raised
        raise ArtefactError(name, f"Asked its own example{what}: {cause}{needs}") from error
    return answers


def place_in(error: BaseException) -> str:
    """Return the last line of the app's own code that an error came from, in brackets."""
    found = extract_tb(error.__traceback__)
    own = [frame for frame in found if Path(frame.filename).is_relative_to(ROOT / "app")]
    if not own:
        return ""
    return f" ({Path(own[-1].filename).relative_to(ROOT)}, line {own[-1].lineno})"


def alike(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Return whether answers are the same, but for the last digits of their numbers."""
    if type(one) is not type(other) or not isinstance(one, float | dict | list):
        return bool(one == other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return math.isclose(one, other, rel_tol=0.01, abs_tol=1e-4)
