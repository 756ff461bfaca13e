"""A generated project, seen from outside: its Python, its address, and what it can be asked."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

if TYPE_CHECKING:
    import subprocess

LONGEST_START_SECONDS = 60


def interpreter(project: Path) -> Path:
    """Return the Python of the project's own environment."""
    return project / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def free_port() -> int:
    """Return a port that nothing listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def is_live(url: str) -> bool:
    """Tell whether the app answers."""
    try:
        with urlopen(f"{url}/health/live", timeout=1) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until_live(url: str, process: "subprocess.Popen[Any]") -> bool:
    """Wait until the app answers; return False if it stops first, or takes too long."""
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if is_live(url):
            return True
        time.sleep(0.1)
    return False


def example(schema: Mapping[str, Any]) -> dict[str, float]:
    """Return what the model may be asked: the first example of every feature in the schema."""
    return {name: feature["examples"][0] for name, feature in schema["properties"].items()}
