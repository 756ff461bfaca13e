"""Who may call: a key in the `X-API-Key` header, when the setting `API_KEY` is there."""

import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import APIKeyHeader

from app.lifespan import app_state

api_key_header = APIKeyHeader(name="X-API-Key", auto_error=False)


async def require_api_key(
    request: Request, given: Annotated[str | None, Security(api_key_header)]
) -> None:
    """Refuse a request without the right key."""
    expected = app_state(request)["settings"].api_key
    # bytes, in constant time: `compare_digest` on text raises for anything but ASCII
    if expected and not secrets.compare_digest(
        (given or "").encode(), expected.get_secret_value().encode()
    ):
        raise HTTPException(
            401, "Send the API key in the X-API-Key header.", {"WWW-Authenticate": "ApiKey"}
        )


ApiKeyRequired = Depends(require_api_key)
