"""Whether a model answers: it is asked a row that it must know.

What it did last says too little. A model may fail at every row, and once a balancer sends nobody
here any more, no success could show that it works again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from app.serving.answers import check_values
from app.serving.errors import ModelBusyError, ModelNotReadyError

PROBE_SECONDS = 1.0  # from one row to the next: anybody may call /health/ready, without a key
PATIENCE_SECONDS = 0.5  # a balancer does not wait much longer; the answer counts when it comes


class Asked(Protocol):
    """A model with its queue."""

    @property
    def example(self) -> Any:  # noqa: ANN401
        """What it must be able to answer."""

    async def ask(self, row: Any, client_left: Callable[[], Awaitable[object]], /) -> Any:  # noqa: ANN401
        """Return its answer, and a card."""


class Probe:
    """Asks a model its own example, once for all who want to know."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._asking: asyncio.Task[None] | None = None
        self._next_at = 0.0
        self._fault: BaseException | None = None  # of the last answer

    async def check(self) -> None:
        """Raise ModelNotReadyError if the last answer was none."""
        loop = asyncio.get_running_loop()
        if not self._asking or (self._asking.done() and self._next_at <= loop.time()):
            self._next_at = loop.time() + PROBE_SECONDS
            self._asking = loop.create_task(self._try())
        await asyncio.wait([self._asking], timeout=PATIENCE_SECONDS)
        if self._fault:
            raise ModelNotReadyError from self._fault

    async def _try(self) -> None:
        try:
            answer, _ = await self._asked.ask(self._asked.example, asyncio.Event().wait)
            check_values(answer)
        except ModelBusyError:  # it works, for many
            self._fault = None
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # `sys.exit()` in a class of the user's would end the server
            self._fault = error
        else:
            self._fault = None
