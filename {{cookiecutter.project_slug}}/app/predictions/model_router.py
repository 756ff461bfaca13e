"""`/v1/models`: the cards of the models that answer."""

from fastapi import APIRouter

from app.kit.problems import problems
from app.security import ApiKeyRequired
from app.serving.card import ModelCard
from app.state import ModelsDep

router = APIRouter(
    prefix="/v1", tags=["models"], dependencies=[ApiKeyRequired], responses=problems(401)
)


@router.get("/model")
async def read_first_model_card(models: ModelsDep) -> ModelCard:
    """Return the card of the model that answers at `/v1/predict`."""
    return models.first.card


@router.get("/models")
async def list_models(models: ModelsDep) -> list[ModelCard]:
    """List the cards of all models, that of `/v1/predict` first."""
    return [model.card for model in models.all]


@router.get("/models/{name}", responses=problems(404, 422))
async def read_model_card(name: str, models: ModelsDep) -> ModelCard:
    """Return a model's card: its version, its metrics, what it saw in training."""
    return models.get(name).card
