"""What the prediction routes answer: the model's own answer, and what the service adds to it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.kit.pagination import NextCursor
from app.predictions.outcomes.schemas import ObservedOutcome, outcome_of
from app.serving.answers import derive
from app.serving.served import Served
from app.serving.unseen import RangeWarning, UnseenWarning


class Prediction(BaseModel):
    """A model's answer, and what the service adds to it."""

    model_version: str = Field(description="The version of the model that answered")
    warnings: list[RangeWarning | UnseenWarning] = Field(
        description="What the model was not trained on: trust the answer less"
    )


class StoredPrediction(Prediction):
    """A prediction and the record of it."""

    model_config = ConfigDict(ser_json_inf_nan="constants")  # so that it is seen, and refused

    model_name: ClassVar[str]  # the model's

    id: UUID
    created_at: datetime
    features: dict[str, Any] = Field(  # not typed: the features may change afterwards
        description="What the model was asked, by the names of that time",
        examples=[{"width_cm": 1.4}],
    )


class OlderPrediction(BaseModel):
    """A prediction whose answer had other fields than today's: as it was stored."""

    model_config = ConfigDict(extra="allow")

    id: UUID
    outcome: Any = None


class PredictionPage(BaseModel):
    """A page of the stored predictions, newest first."""

    items: list[StoredPrediction | OlderPrediction]
    next_cursor: NextCursor


@dataclass(frozen=True)
class Schemas:
    """What the routes of one model take and answer."""

    prediction: type[Prediction]
    stored: type[StoredPrediction]
    page: type[PredictionPage]
    outcome: type[ObservedOutcome]


@cache
def schemas_of(served: Served[Any, Any]) -> Schemas:
    """Derive the schemas of a model from its answer."""
    name = served.name.title().replace("_", "")
    outcome = outcome_of(name, served.answer)
    known = Field(None, description="What turned out to be true; null until that is known")
    stored = derive(
        f"Stored{name}Prediction", StoredPrediction, served.answer, outcome=(outcome | None, known)
    )
    stored.model_name = served.name
    page = create_model(
        f"{name}PredictionPage",
        __base__=PredictionPage,
        __doc__=PredictionPage.__doc__,
        items=list[stored | OlderPrediction],  # type: ignore[valid-type]
    )
    prediction = derive(f"{name}Prediction", Prediction, served.answer)
    return Schemas(prediction, stored, page, outcome)
