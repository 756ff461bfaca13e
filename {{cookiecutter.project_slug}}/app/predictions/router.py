"""The prediction routes: parse, call the service, answer."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.kit.pagination import Cursor, Limit
from app.kit.problems import problems
from app.models import Features
from app.predictions import service
from app.predictions.dependencies import PredictionStoreDep
from app.predictions.schemas import Prediction, PredictionPage, StoredPrediction
from app.security import ApiKeyRequired
from app.state import ModelDep

PREFIX = "/v1/predictions"

router = APIRouter(
    prefix=PREFIX,
    tags=["predictions"],
    dependencies=[ApiKeyRequired],
    responses=problems(401, 422, 503),
)
stateless_router = APIRouter(
    prefix="/v1/predict",
    tags=["predictions"],
    dependencies=[ApiKeyRequired],
    responses=problems(400, 401, 413, 422, 503),
)


@stateless_router.post("")
async def predict(features: Features, model: ModelDep, request: Request) -> Prediction:
    """Predict, and keep no record."""
    return await service.predict(model, features, request.receive)


@router.post("", status_code=201, responses=problems(400, 413))
async def create_prediction(
    features: Features,
    model: ModelDep,
    store: PredictionStoreDep,
    request: Request,
    response: Response,
) -> StoredPrediction:
    """Predict and keep the prediction; `Location` says where it is from now on."""
    stored = await service.predict_and_store(model, store, features, request.receive)
    response.headers["Location"] = f"{PREFIX}/{stored.id}"
    return stored


@router.get("", responses=problems(404))
async def list_predictions(
    store: PredictionStoreDep,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> PredictionPage:
    """The stored predictions, newest first."""
    return await service.read_page(store, limit, cursor)


@router.get("/{prediction_id}", responses=problems(404))
async def read_prediction(prediction_id: UUID, store: PredictionStoreDep) -> StoredPrediction:
    """One stored prediction."""
    return await store.get(prediction_id)
