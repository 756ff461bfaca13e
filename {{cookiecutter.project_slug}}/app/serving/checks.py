"""What is checked at the start: that training, API and model agree, and that the model answers."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from app.kit.start import StartError
from app.serving.answers import check_values
from app.serving.artefact import ArtefactError
from app.serving.card import FeatureCategories, FeatureRange, ModelCard
from app.serving.errors import BadAnswerError
from app.serving.examples import key_of, place_of
from app.serving.loaded import LoadedModel


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
    """Raise StartError if the API refuses a value that training saw."""
    fields = type(example).model_fields
    asked = {key_of(name, field): getattr(example, name) for name, field in fields.items()}
    for feature in card.features:
        field = fields[feature.name]
        for value in values_of(feature):
            try:
                type(example).model_validate({**asked, key_of(feature.name, field): value})
            except ValidationError as error:
                place = place_of(type(example))
                raise StartError(
                    f"{place} refuses {value!r} for {feature.name}, which the model was trained "
                    f"on: {error.errors()[0]['msg']}. Change the rule there, or train without that "
                    "value: python -m app.models train"
                ) from None


def values_of(feature: FeatureRange | FeatureCategories) -> Iterator[Any]:
    """Yield the edges of what training saw, or each category; and None if values were missing."""
    if isinstance(feature, FeatureCategories):
        yield from feature.categories
    else:
        for edge in (feature.minimum, feature.maximum):
            yield int(edge) if edge.is_integer() else edge
    if feature.missing:
        yield None


def check_answers(model: LoadedModel[Any, Any]) -> None:
    """Ask the model its example, in a pair and alone: it could work with one size only.

    The cells that the answer has in a CSV are made as well.
    """
    name = model.served.name
    for rows in ([model.example, model.example], [model.example]):
        try:
            for answer in model.predict(rows):
                check_values(answer)
                if len(answer.cells(model.card)) != len(answer.columns(model.card)):
                    raise BadAnswerError("not one cell for each column")
        except BadAnswerError as error:
            raise ArtefactError(name, f"Asked its own example: {error}") from error
        except Exception as error:
            real = error.__cause__ or error
            cause = f"{type(real).__name__}: {real}"
            raise ArtefactError(name, f"Asked its own example, the model raised {cause}") from error
