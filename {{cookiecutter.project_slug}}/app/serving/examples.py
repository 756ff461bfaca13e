"""A question that a model must be able to answer: its own example."""

import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from app.kit.start import StartError
from app.serving.card import FeatureCategories, FeatureOther, FeatureRange, ModelCard
from app.serving.protocol import FeaturesT

ROOT = Path(__file__).parents[2]


def example_of(features: type[FeaturesT], card: ModelCard) -> FeaturesT:
    """Return the first example of the features; raise StartError if there is none.

    It is that of the class, else made of those of its fields; of a field that has none, it has the
    default, or what training saw.
    """
    schema = features.model_json_schema()
    told = [feature for feature in card.features if not isinstance(feature, FeatureOther)]
    seen = {feature.name: value_in(feature) for feature in told}
    whole: list[dict[str, Any]] = schema.get("examples", [])
    values = whole[0] if whole else {}
    for name, field in features.model_fields.items() if not whole else ():
        key = key_of(name, field)
        if field.examples:
            values[key] = field.examples[0]
        elif field.is_required() and name in seen:
            values[key] = seen[name]
        elif field.is_required():
            raise StartError(
                f"{place_of(features)}: {name} has no example. Add one to its Field, as in "
                "examples=[5.1]: the model is asked it at the start."
            )
    try:
        return features.model_validate(values)
    except ValidationError as error:
        raise StartError(f"{place_of(features)}: the example breaks a rule. {error}") from None


def key_of(name: str, field: FieldInfo) -> str:
    """Return what a client calls a feature."""
    return field.validation_alias if isinstance(field.validation_alias, str) else name


def value_in(feature: FeatureRange | FeatureCategories) -> object:
    """Return a value that training saw."""
    return feature.minimum if isinstance(feature, FeatureRange) else feature.categories[0]


def place_of(features: type[object]) -> str:
    """Return the file that the features are in."""
    path = Path(getattr(sys.modules[features.__module__], "__file__", "") or "")
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
