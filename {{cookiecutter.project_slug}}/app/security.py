"""Who may call: clients that send the key in `X-API-Key`, if the setting `API_KEY` has one.

While clients change to another key, `API_KEY_OLD` is accepted as well.
"""

import secrets

from fastapi import Depends, HTTPException
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyHeader
from pydantic import SecretStr

from app.kit.hosts import LOOPBACK
from app.state import app_state

# for `uvicorn app.main:app --host 0.0.0.0`, which does not read HOST
NO_KEY = "The server has no API_KEY, so it answers only on its own machine, at 127.0.0.1."


def matches(given: str | None, key: SecretStr) -> bool:
    """Compare in constant time; as bytes: text that is not ASCII would raise."""
    return secrets.compare_digest((given or "").encode(), key.get_secret_value().encode())


class ApiKey(APIKeyHeader):
    """One dependency that reads and checks the key: every request pays for each that it has.

    It is called before the body is read: see `app/kit/routes.py`.
    """

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Refuse a request without the right key."""
        given = await super().__call__(request)
        settings = app_state(request)["settings"]
        keys = [key for key in (settings.api_key, settings.api_key_old) if key]
        if not keys:
            if (request.scope.get("server") or [""])[0] not in LOOPBACK:
                raise HTTPException(403, NO_KEY)
        elif not any(matches(given, key) for key in keys):
            raise HTTPException(
                401, "Send the API key in the X-API-Key header.", {"WWW-Authenticate": "ApiKey"}
            )
        return given


ApiKeyRequired = Depends(ApiKey(name="X-API-Key", auto_error=False))
