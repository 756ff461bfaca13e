"""Stand-ins, where the lab needs less than the real thing."""

from types import SimpleNamespace
from typing import Any

from app.serving.protocol import Model
from app.settings import Settings


def load_nothing(_: Settings) -> Model:
    """Load no model: a `MODEL_LOADER` for runs that ask none, so none has to be trained."""
    nothing: Any = SimpleNamespace(card=None, close=lambda: None)
    model: Model = nothing
    return model


async def bare(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own types
    """Answer at once, as an ASGI app: its speed is how fast the client can ask."""
    if scope["type"] == "http":
        await receive()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})
