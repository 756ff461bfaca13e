"""The app's function, as AWS Lambda runs it: `python -m chapters.ch10_serverless.function`.

It asks a runtime API for an event, calls the handler, and says what came of it, again and again.
AWS's own client does the same; this one runs on every system.
"""

import json
import os
import time
import traceback
from http.client import HTTPConnection
from pkgutil import resolve_name
from typing import Any

HANDLER = "app.aws_lambda:handler"
NEXT = "/2018-06-01/runtime/invocation/next"
DONE = "/2018-06-01/runtime/invocation/{id}/{outcome}"


class Context:
    """What AWS Lambda tells about a call."""

    def __init__(self, deadline_ms: int) -> None:
        self.deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Return how much time is left."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


def exchange(method: str, path: str, body: object = None) -> tuple[dict[str, str], Any]:
    """Ask the runtime API; return the headers and the JSON of its answer."""
    connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, path, json.dumps(body))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return dict(answer.getheaders()), json.loads(text) if text else None


def main() -> None:
    """Import the handler, which starts the app; then handle events for ever."""
    handler = resolve_name(HANDLER)
    while True:
        about, event = exchange("GET", NEXT)
        outcome, result = "response", None
        try:
            result = handler(event, Context(int(about["Lambda-Runtime-Deadline-Ms"])))
        except Exception as error:
            traceback.print_exc()
            outcome, result = "error", {"errorType": type(error).__name__}
        id_ = about["Lambda-Runtime-Aws-Request-Id"]
        exchange("POST", DONE.format(id=id_, outcome=outcome), result)


if __name__ == "__main__":
    main()
