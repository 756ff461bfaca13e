"""How the settings become an open storage."""

from pathlib import Path

from app.kit.start import StartError

# {%- if cookiecutter.__aws_lambda == "yes" +%}
from app.storage.refusing import RefusingStorage, would_be_lost

# {%- endif +%}
from app.storage.settings import SQLITE, StorageSettings
from app.storage.sqlite import open_sqlite
from app.storage.thread import Connect, Storage


def open_storage(settings: StorageSettings) -> Storage:
    """Open the database that `DATABASE_URL` names; raise StartError if it cannot be used."""
    # {% if cookiecutter.__aws_lambda == "yes" %}
    if would_be_lost(settings):
        return RefusingStorage()
    # {% endif %}
    return Storage(connector(settings), settings.storage_seconds)


def connector(settings: StorageSettings) -> Connect:
    """Return what connects to SQLite or Postgres, depending on how the URL begins."""
    url = settings.database_url.get_secret_value()
    if url.startswith(SQLITE):
        return sqlite_connector(Path(url.removeprefix(SQLITE)), settings)
    return postgres_connector(url)


def sqlite_connector(path: Path, settings: StorageSettings) -> Connect:
    """Return what opens this file; whatever it is to do, it waits as long for another process."""
    older = path.with_name("tasks.sqlite3")
    if older != path and older.exists():  # its tasks must not be left behind unnoticed
        raise StartError(
            f"{older} is from an earlier version of this app and is no longer read. Let that "
            "version finish its tasks if you need them; then move the file away."
        )
    return lambda _: open_sqlite(path, settings.database_synchronous, settings.storage_seconds)


def postgres_connector(url: str) -> Connect:
    """Return what connects to this database, with a limit for each statement in seconds."""
    try:
        from app.storage.postgres import Server
    except ImportError:
        driver = "Postgres needs a driver, which is not installed: uv add 'psycopg[binary]'"
        raise StartError(f"DATABASE_URL: {driver}") from None
    return Server(url).open
