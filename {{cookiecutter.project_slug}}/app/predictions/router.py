"""The prediction routes: parse, call the service, answer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.kit.pagination import Cursor, Limit
from app.kit.problems import problems
from app.models import Features
from app.predictions import service
from app.predictions.schemas import Prediction, PredictionPage, StoredPrediction
from app.predictions.store import PredictionStore
from app.security import ApiKeyRequired
from app.state import ModelDep, app_state

router = APIRouter(
    prefix="/v1",
    tags=["predictions"],
    dependencies=[ApiKeyRequired],
    responses=problems(401, 422, 503),
)


async def get_predictions(request: Request) -> PredictionStore:
    """Return the store that the lifespan opened."""
    return app_state(request)["predictions"]


PredictionStoreDep = Annotated[PredictionStore, Depends(get_predictions)]


@router.post("/predict", responses=problems(400, 413))
async def predict(features: Features, model: ModelDep, request: Request) -> Prediction:
    """Predict, and keep no record."""
    return await service.predict(model, features, request.receive)


@router.post("/predictions", status_code=201, responses=problems(400, 413))
async def create_prediction(
    features: Features,
    model: ModelDep,
    store: PredictionStoreDep,
    request: Request,
    response: Response,
) -> StoredPrediction:
    """Predict and keep the prediction; `Location` is its address."""
    stored = await service.predict_and_store(model, store, features, request.receive)
    response.headers["Location"] = f"/v1/predictions/{stored.id}"
    return stored


@router.get("/predictions", responses=problems(404))
async def list_predictions(
    store: PredictionStoreDep, limit: Limit = 20, cursor: Cursor = None
) -> PredictionPage:
    """List the stored predictions, newest first."""
    return await service.read_page(store, limit, cursor)


@router.get("/predictions/{prediction_id}", responses=problems(404))
async def read_prediction(prediction_id: UUID, store: PredictionStoreDep) -> StoredPrediction:
    """Return a stored prediction."""
    return await store.get(prediction_id)


@router.delete("/predictions/{prediction_id}", status_code=204, responses=problems(404))
async def remove_prediction(prediction_id: UUID, store: PredictionStoreDep) -> None:
    """Remove a stored prediction for good."""
    await store.remove(prediction_id)
