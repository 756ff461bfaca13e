"""How the settings become an open storage."""

from pathlib import Path

from app.kit.start import StartError
from app.storage.connection import Connection
from app.storage.settings import SQLITE, StorageSettings
from app.storage.sqlite import BUSY_SECONDS, open_sqlite
from app.storage.thread import Storage


def open_storage(settings: StorageSettings, busy_seconds: float = BUSY_SECONDS) -> Storage:
    """Open the database that `DATABASE_URL` names; raise StartError if it cannot be used."""
    return Storage(connect(settings, busy_seconds))


def connect(settings: StorageSettings, busy_seconds: float) -> Connection:
    """Connect to SQLite or Postgres, depending on how the URL begins."""
    url = settings.database_url.get_secret_value()
    if url.startswith(SQLITE):
        path = Path(url.removeprefix(SQLITE))
        older = path.with_name("tasks.sqlite3")
        if older != path and older.exists():  # its tasks must not be left behind unnoticed
            raise StartError(
                f"{older} is from an earlier version of this app and is no longer read. Let that "
                "version finish its tasks if you need them; then move the file away."
            )
        return open_sqlite(path, settings.database_synchronous, busy_seconds)
    try:
        from app.storage.postgres import open_postgres
    except ImportError:
        driver = "Postgres needs a driver, which is not installed: uv add 'psycopg[binary]'"
        raise StartError(f"DATABASE_URL: {driver}") from None
    return open_postgres(url)
