"""What else was seen of a check that says no, for the learner to look at or to do again."""

from typing import Any

from learn.exchange import CheckFailed, Exchange
from learn.gate import wait_until
from learn.lab import Lab
from learn.server import APP, Server
from learn.traces import as_the_learners, exceptions, written

LONGEST_TRACE = 20_000
LOGGED_SECONDS = 1
MOST_BEFORE = 3


class Witness:
    """Sees a check from its beginning."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.logged = set(exceptions(written(lab.folder)))
        for server in lab.servers:
            server.asked.clear()
            server.gate.was_held = False

    def of(self, failure: CheckFailed) -> dict[str, Any]:
        """The request and those before it, the app's settings, and an exception that it logged."""
        exchange = failure.exchange
        if exchange is None:
            return {"curl": "", "trace": self._trace("")}
        server = next((s for s in reversed(self.lab.servers) if is_of(exchange, s)), None)
        crashed = exchange.status >= 500 and exchange.request_id
        return {
            "curl": exchange.curl,
            "request_id": exchange.request_id,
            "trace": self._trace(exchange.request_id) if crashed else "",
            "program": program(server) if server else "",
            "settings": shown_settings(server) if server else {},
            "before": before(exchange, server) if server else [],
        }

    def _trace(self, request_id: str) -> str:
        found: list[str] = []

        def is_logged() -> bool:
            said = exceptions(written(self.lab.folder), request_id)
            found[:] = [trace for trace in said if request_id or trace not in self.logged]
            return bool(found)

        wait_until(is_logged, LOGGED_SECONDS if request_id else 0)
        return as_the_learners(found[-1], self.lab.folder)[-LONGEST_TRACE:] if found else ""


def is_of(exchange: Exchange, server: Server) -> bool:
    """Tell whether this server was asked."""
    return bool(server.url) and exchange.url.startswith(f"{server.url}/")


def program(server: Server) -> str:
    """What `python -m` starts by hand: the app, or that of the chapter."""
    module = server.target.partition(":")[0]
    return "app" if server.target == APP else module


def shown_settings(server: Server) -> dict[str, str]:
    """What the check set for the app, without what lies in a folder that is gone by then.

    By hand nobody can hold an inference, but there is a model that takes its time.
    """
    slow = {"MODEL_LOADER": "learn.probes:load_slow_model"} if server.gate.was_held else {}
    given = {n.upper(): str(value) for n, value in server.settings.items() if value is not None}
    kept = {name: value for name, value in given.items() if server.folder.name not in value}
    return slow | {n: value.replace(f"/{server.work.name}/", "/var/") for n, value in kept.items()}


def before(exchange: Exchange, server: Server) -> list[str]:
    """The last requests of the check before this one that changed something, or still wait."""
    changing = [asked for asked in server.asked if asked.method != "GET" and asked.status < 400]
    curls = [asked.curl for asked in changing]
    other = [curl for curl in dict.fromkeys(curls) if curl != exchange.curl]
    return other[-MOST_BEFORE:]
