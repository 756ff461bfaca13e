"""`python -m tests.impatient`: the service, with less patience and fewer files, to test it sooner.

`PARSER=h11` has uvicorn fall back to its other parser, as it does where httptools is missing.
"""

import os
import resource
import sys

from app.__main__ import main
from app.kit import connections

connections.LOOK_SECONDS = 1
connections.BODY_BYTES_A_LOOK = 1_024
connections.READING_LOOKS = 2

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 256))  # 128 connections
    if os.environ["PARSER"] == "h11":
        sys.modules["httptools"] = None  # type: ignore[assignment]
    main()
