"""`python -m tests.impatient`: the service, with less patience and fewer files, to test it sooner.

`PARSER=h11` has uvicorn fall back to its other parser, as it does where httptools is missing.
"""

import os
import resource
import socket
import sys
from asyncio import Transport

from app.__main__ import main
from app.kit import waiting

waiting.LOOK_SECONDS = 1
waiting.BODY_BYTES_A_LOOK = 1_024
waiting.READING_LOOKS = 4
waiting.READ_BYTES = 45_000

connection_made = waiting.PatientConnection.connection_made


def connection_made_narrow(self: waiting.PatientConnection, transport: Transport) -> None:
    """Have the system keep as little of an answer as on a slow line; here it takes megabytes."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
    connection_made(self, transport)


waiting.PatientConnection.connection_made = connection_made_narrow  # type: ignore[method-assign]

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 256))  # 96 connections
    if os.environ["PARSER"] == "h11":
        sys.modules["httptools"] = None  # type: ignore[assignment]
    main()
