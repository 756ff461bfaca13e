"""Evidence of a failed check: what a learner can look at, or do again."""

from learn.grading.exchange import CheckFailed, Exchange
from learn.grading.gate import wait_until
from learn.grading.lab import Lab
from learn.grading.report import Evidence
from learn.grading.server import APP, Server
from learn.grading.tracebacks import logged_tracebacks, read_logs, strip_folder

LONGEST_TRACE = 20_000
LOGGED_SECONDS = 1
MOST_BEFORE = 3


class Witness:
    """Observes a check from its beginning."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.logged = set(logged_tracebacks(read_logs(lab.folder)))
        for server in lab.servers:
            server.asked.clear()
            server.gate.was_held = False

    def evidence_of(self, failure: CheckFailed) -> Evidence:
        """Return the request and those before it, the app's settings, and a logged exception."""
        exchange = failure.exchange
        if exchange is None:
            return Evidence(trace=self._trace(""))
        server = next((s for s in reversed(self.lab.servers) if was_asked(s, exchange)), None)
        crashed = exchange.status >= 500 and exchange.request_id
        return Evidence(
            curl=exchange.curl,
            request_id=exchange.request_id,
            trace=self._trace(exchange.request_id) if crashed else "",
            program=program_of(server) if server else "app",
            settings=settings_of(server) if server else {},
            before=requests_before(exchange, server) if server else [],
        )

    def _trace(self, request_id: str) -> str:
        found: list[str] = []

        def is_logged() -> bool:
            traces = logged_tracebacks(read_logs(self.lab.folder), request_id)
            found[:] = [trace for trace in traces if request_id or trace not in self.logged]
            return bool(found)

        wait_until(is_logged, LOGGED_SECONDS if request_id else 0)
        return strip_folder(found[-1], self.lab.folder)[-LONGEST_TRACE:] if found else ""


def was_asked(server: Server, exchange: Exchange) -> bool:
    """Tell whether the request went to this server."""
    return bool(server.url) and exchange.url.startswith(f"{server.url}/")


def program_of(server: Server) -> str:
    """Return what `python -m` starts by hand: the app, or the module of the chapter's own app."""
    return "app" if server.target == APP else server.target.partition(":")[0]


def settings_of(server: Server) -> dict[str, str]:
    """Return what the check set for the app, without paths in the temporary folder.

    No one can hold an inference by hand, so a slow model is set instead.
    """
    slow = {"MODELS": "learn.grading.probe:SLOW"} if server.gate.was_held else {}
    given = {n.upper(): str(value) for n, value in server.settings.items() if value is not None}
    kept = {name: value for name, value in given.items() if server.folder.name not in value}
    return slow | {n: value.replace(f"/{server.work.name}/", "/var/") for n, value in kept.items()}


def requests_before(exchange: Exchange, server: Server) -> list[str]:
    """Return the last requests before this one that changed something or are still waiting."""
    changing = [asked for asked in server.asked if asked.method != "GET" and asked.status < 400]
    curls = [asked.curl for asked in changing]
    other = [curl for curl in dict.fromkeys(curls) if curl != exchange.curl]
    return other[-MOST_BEFORE:]
