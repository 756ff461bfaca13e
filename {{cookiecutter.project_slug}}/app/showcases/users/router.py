"""`/v1/users`: two routes that need nothing but their path."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.kit.problems import problems
from app.security import ApiKeyRequired

router = APIRouter(
    prefix="/v1/users", tags=["users"], dependencies=[ApiKeyRequired], responses=problems(401)
)


class User(BaseModel):
    """A user, by name."""

    username: str


@router.get("/me")
async def read_current_user() -> User:
    """Return the caller. Declared first, since `/{name}` would take `me` for a name."""
    return User(username="current user")


@router.get("/{name}", responses=problems(422))
async def read_user(name: str) -> User:
    """Return the user of this name."""
    return User(username=name)
