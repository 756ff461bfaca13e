"""A folder as Celery's broker, so that one machine needs no Redis to try it: `filesystem://…`."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem


class FolderChannel(filesystem.Channel):
    """Kombu's, but a message appears all at once: a worker that reads half of one would end."""

    def _put(self, queue: str, message: dict[str, Any], **_: object) -> None:  # type: ignore[override]
        draft = Path(self.data_folder_out, f"{time.time_ns()}_{uuid4()}")
        draft.write_text(json.dumps(message), "utf-8")
        draft.rename(f"{draft}.{queue}.msg")


class FolderTransport(filesystem.Transport):
    """Kombu's, but a missing folder means a broker that is unavailable, and may come back."""

    Channel = FolderChannel
    connection_errors: Any = (*filesystem.Transport.connection_errors, OSError)


def use_folder(folder: Path, poll_seconds: float) -> dict[str, Any]:
    """Make the folder, and return Celery's options for it."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:FolderTransport"
    (folder / "control").mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder / "control"),
        "polling_interval": poll_seconds,
    }
