"""Who may call: clients that send the key in `X-API-Key`, if the setting `API_KEY` has one."""

import secrets

from fastapi import Depends, HTTPException
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyHeader

from app.state import app_state


class ApiKey(APIKeyHeader):
    """One dependency that reads and checks the key: every request pays for each that it has."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Refuse a request without the right key."""
        given = await super().__call__(request)
        expected = app_state(request)["settings"].api_key
        # bytes, in constant time: `compare_digest` on text raises for anything but ASCII
        if expected and not secrets.compare_digest(
            (given or "").encode(), expected.get_secret_value().encode()
        ):
            raise HTTPException(
                401, "Send the API key in the X-API-Key header.", {"WWW-Authenticate": "ApiKey"}
            )
        return given


ApiKeyRequired = Depends(ApiKey(name="X-API-Key", auto_error=False))
