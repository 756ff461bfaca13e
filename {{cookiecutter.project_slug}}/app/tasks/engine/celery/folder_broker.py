"""A folder as Celery's broker, so that one machine needs no Redis to try it: `filesystem://…`."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem

from app.kit.start import StartError
from app.tasks.engine.celery.channel import Places, TolerantTransport, skip_broken_message


class FolderChannel(filesystem.Channel):
    """Kombu's, but a message appears all at once, and a file that is none ends no worker."""

    QoS = Places
    do_restore = False

    def _get_and_deliver(self, *args: object) -> None:
        with skip_broken_message(FolderTransport.connection_errors):
            super()._get_and_deliver(*args)  # type: ignore[no-untyped-call]

    def _put(self, queue: str, message: dict[str, Any], **_: object) -> None:  # type: ignore[override]
        draft = Path(self.data_folder_out, f"{time.time_ns()}_{uuid4()}")
        draft.write_text(json.dumps(message), "utf-8")
        draft.rename(f"{draft}.{queue}.msg")


class FolderTransport(TolerantTransport, filesystem.Transport):
    """Kombu's, but a missing folder means a broker that is unavailable, and may come back."""

    Channel = FolderChannel
    connection_errors: Any = (OSError, *filesystem.Transport.channel_errors)


def use_folder(folder: Path, poll_seconds: float) -> dict[str, Any]:
    """Make the folder, and return Celery's options for it; raise StartError if it cannot be."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:FolderTransport"
    try:
        (folder / "control").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"TASK_BROKER_URL: {folder} cannot be used: {error.strerror}") from None
    return {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder / "control"),
        "polling_interval": poll_seconds,
    }
