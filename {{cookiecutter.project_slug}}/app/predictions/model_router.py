"""`GET /v1/model`: the card of the model that answers."""

from fastapi import APIRouter

from app.kit.problems import problems
from app.security import ApiKeyRequired
from app.serving.artefact import ModelCard
from app.state import ModelDep

router = APIRouter(
    prefix="/v1/model", tags=["model"], dependencies=[ApiKeyRequired], responses=problems(401)
)


@router.get("")
async def read_model_card(model: ModelDep) -> ModelCard:
    """Return the model's card: its version, its metrics on held-out data, its training ranges."""
    return model.card
