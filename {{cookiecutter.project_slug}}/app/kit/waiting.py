"""How long a connection waits for its client, and who has to go if there are too many.

uvicorn leaves this to a proxy: nothing limits how long a client may take to send a request and read
the answer, and connections are accepted until no file can be opened.
"""

from asyncio import TimerHandle, Transport
from contextvars import copy_context
from math import ceil
from typing import TYPE_CHECKING, ClassVar, cast

import structlog

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Uvicorns
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as Uvicorns

from app.kit.logs import begin_request
from app.kit.problems import whole_problem
from app.kit.tuning import most_connections

LOOK_SECONDS = 5.0  # a client may be silent for one to two looks
BODY_BYTES_A_LOOK = 5_120  # a slower body is not waited for
READING_LOOKS = 12  # a slow reader is given more time: the system's buffers take large pieces
READ_BYTES = 30_720  # in those looks; a slower client is not waited for
FIRST_SECONDS = 1.0  # that a new connection has for its first request when the server stops
CLOSED_AT_ONCE = 1 / 32  # so that connections are not sorted for each one too many

logger = structlog.get_logger()


def refusal(status: int) -> bytes:
    """Return the answer to what is no request, and log it; in a context of its own, for the id.

    It has no CORS headers, so a web page cannot read it: who asks, `Origin`, was not understood.
    """
    begin_request(None)
    logger.warning("What a client sent is no request", status=status)
    return whole_problem(status)


class PatientConnection(Uvicorns):
    """A connection that waits for its client, but not for ever, and makes room for others."""

    next_line: ClassVar[float] = 0  # when connections that are closed for others are told again

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to look at it from time to time; close others if these are too many."""
        super().connection_made(transport)
        self.idle_since = self.loop.time()
        self.received = 0  # bytes since the last look
        self.waited: tuple[str, object] = ("", None)
        self.unread = 0  # bytes of the answer, when the client began to read too slowly
        self.looks = 0  # at which the same was waited for
        self.timer: TimerHandle = self.loop.call_later(LOOK_SECONDS, self.look)
        if len(self.connections) > most_connections():
            self.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self.timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what the client sends."""
        self.received += len(data)
        super().data_received(data)

    def resume_writing(self) -> None:
        """Note that the client reads: it took at least 48 KB, asyncio's high less its low water."""
        self.waited, self.looks = ("", None), 0
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Note when the connection became idle."""
        self.idle_since = self.loop.time()
        super().on_response_complete()

    def look(self) -> None:
        """Close the connection if its client has kept us waiting since earlier looks."""
        waits = self.waits_for()
        self.looks = self.looks + 1 if waits[0] and waits == self.waited else 0
        self.waited = waits
        if self.looks >= (READING_LOOKS if waits[0] == "reading" else 1):
            self.transport.abort()
        else:
            self.timer = self.loop.call_later(LOOK_SECONDS, self.look)

    def waits_for(self) -> tuple[str, object]:
        """Return what the client alone can change, or "" while the service is at work."""
        received, self.received = self.received, 0
        unread, idle = self.transport.get_write_buffer_size(), self.is_idle()
        if self.flow.write_paused or (idle and unread):
            if self.waited[0] != "reading" or self.unread - unread >= READ_BYTES:
                self.unread = unread  # nothing is added to it while it is waited for
            return "reading", (idle and self.cycle, self.unread)
        if idle:
            return "request", self.cycle
        if self.cycle.more_body and not self.flow.read_paused and received < BODY_BYTES_A_LOOK:
            return "body", self.cycle
        return "", None

    def is_idle(self) -> bool:
        """Return whether no request is being answered; the next may have begun to arrive."""
        return self.cycle is None or self.cycle.response_complete

    def shutdown(self) -> None:
        """Stop with the server; but the first request of a new connection may be on its way."""
        if self.cycle is None:
            self.timer.cancel()
            self.timer = self.loop.call_later(FIRST_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def make_room(self) -> None:
        """Close those that have been idle for longest, or else those that read slowest.

        If each of them is at work, close the newest, which is this one.
        """
        others = cast("set[PatientConnection]", self.connections) - {self}
        idle = sorted((c for c in others if c.is_idle()), key=lambda c: c.idle_since)
        slow = sorted((c for c in others if c.looks), key=lambda c: c.looks, reverse=True)
        closed = (idle or slow)[: ceil(len(others) * CLOSED_AT_ONCE)] or [self]
        for connection in closed:
            self.connections.discard(connection)
            connection.transport.abort()
        if self.idle_since >= PatientConnection.next_line:
            PatientConnection.next_line = self.idle_since + LOOK_SECONDS
            logger.warning("Too many connections", most=most_connections(), closed=len(closed))

    def send_400_response(self, _: str) -> None:
        """Answer with a problem and close, instead of with uvicorn's text."""
        self.refuse(400)

    def refuse(self, status: int) -> None:
        """Answer what is no request, and close the connection."""
        self.transport.write(copy_context().run(refusal, status))
        self.transport.close()
