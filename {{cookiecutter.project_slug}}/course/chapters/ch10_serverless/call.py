"""Call the app's function with an event three times, and print what comes of it.

uv run python -m chapters.ch10_serverless.call rest | http
"""

import argparse
import json
import os
import sys
from pkgutil import resolve_name

from chapters.ch10_serverless.events import http, rest
from chapters.ch10_serverless.function import HANDLER, Context
from chapters.ch10_serverless.runtime import KEY

CALLS = 3
ON_AWS = {
    "AWS_LAMBDA_FUNCTION_NAME": "mine",
    "API_KEY": KEY,
    "ALLOWED_HOSTS": "*",
    "TASK_CONCURRENCY": "0",
}


def main() -> None:
    """Call it as AWS Lambda would, in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=["rest", "http"], help="of the event")
    parser.add_argument("path", nargs="?", default="/v1/model", help="(%(default)s)")
    given = parser.parse_args()
    make = rest if given.shape == "rest" else http
    event = make("GET", given.path, stage="prod")
    sys.stdout.write(f"{json.dumps(event, indent=2)}\n")
    os.environ |= ON_AWS
    handler = resolve_name(HANDLER)
    for _ in range(CALLS):
        sys.stdout.write(f"{json.dumps(handler(event, Context(2**53)))[:600]}\n")


if __name__ == "__main__":
    main()
