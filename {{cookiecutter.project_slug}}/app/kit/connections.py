"""What a connection may cost the process before a route sees its request: bytes, time, a file.

uvicorn leaves all of it to a proxy. Time and files are the matter of `waiting.py`; here are bytes,
for httptools, whose fast parser takes a head of any size.
"""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.kit.waiting import PatientConnection

HEAD_BYTES = 65_536  # of a request line and headers, of trailers, of what surrounds a chunk
MOST_HEADERS = 100
MOST_PIPELINED = 16  # requests sent before the first is answered; browsers and libraries send one
LEAST_CHUNK = 64  # bytes of a piece of a body; of smaller ones there may be some
MOST_CRUMBS = 4_096
PIECE_BYTES = 16_384  # parsed at once, and then looked at


class BoundedConnection(PatientConnection):
    """One whose head is bounded as well; h11, which uvicorn takes without httptools, does that."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **options)
        self.headers = []
        self.answered: RequestResponseCycle | None = None
        self.chunks = self.chunked = 0  # pieces of the body, and their bytes
        self.unparsed = 0  # bytes since a head was complete or a piece of body came

    def data_received(self, data: bytes) -> None:
        """Parse what came, for as long as it is within the limits."""
        if len(data) > PIECE_BYTES:
            for start in range(0, len(data), PIECE_BYTES):
                if not self.transport.is_closing():
                    self.data_received(data[start : start + PIECE_BYTES])
            return
        self.unparsed += len(data)
        super().data_received(data)
        if self.is_too_large() and not self.transport.is_closing():
            self.refuse(431)

    def is_too_large(self) -> bool:
        """Return whether this head has more bytes or headers than any that we answer."""
        crumbs = self.chunks - self.chunked // LEAST_CHUNK
        too_many = len(self.headers) > MOST_HEADERS or crumbs > MOST_CRUMBS
        return too_many or self.unparsed > HEAD_BYTES

    def send_400_response(self, _: str) -> None:
        """Say whether it was too much or wrong."""
        self.refuse(431 if self.is_too_large() else 400)

    def on_headers_complete(self) -> None:
        """Begin a request, unless it is too large, too early, or one to a proxy."""
        if self.is_too_large() or len(self.pipeline) >= MOST_PIPELINED or self.url[:1] not in b"/*":
            raise ValueError  # the parser stops, and `send_400_response` is called
        self.unparsed = self.chunks = self.chunked = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self.unparsed = 0
        self.chunks += 1
        self.chunked += len(body)
        super().on_body(body)

    def _start_asgi_task(self, cycle: "RequestResponseCycle", app: "ASGI3Application") -> None:
        """Remember which of the pipelined requests is answered; uvicorn has only the last."""
        self.answered = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Go on as uvicorn does, but start no timer: `look` closes idle connections."""
        self.server_state.total_requests += 1
        self.idle_since = self.loop.time()
        if not self.transport.is_closing():
            self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that request's route too, or it would write to a closed connection."""
        if self.answered:
            self.answered.disconnected = True
            self.answered.message_event.set()
        super().connection_lost(exc)

    def _unsupported_upgrade_warning(self) -> None:
        """End the connection with the answer; the parser takes the body for another protocol."""
        self.cycle.keep_alive = False


# what `uvicorn.run(http=...)` is given
Connection: type[asyncio.Protocol] = (
    BoundedConnection if hasattr(PatientConnection, "on_headers_complete") else PatientConnection
)
