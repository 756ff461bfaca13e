"""The route that is added to a project which a peer generated: a plain `def`."""

from fastapi import APIRouter

from benchmarks.serving.apps import iris
from benchmarks.serving.apps.iris import Features, Prediction

router = APIRouter()

iris.session()


@router.post("/predict")
def predict(features: Features) -> Prediction:
    """One flower."""
    return iris.predict(features)
