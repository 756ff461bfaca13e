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
    if not url.startswith(SQLITE):
        return postgres_connector(url)
    path, synchronous = Path(url.removeprefix(SQLITE)), settings.database_synchronous
    # whatever it is to do, it waits as long for another process
    return lambda _: open_sqlite(path, synchronous, settings.storage_seconds)


def postgres_connector(url: str) -> Connect:
    """Return what connects to this database, with a limit for each statement in seconds."""
    try:
        from app.storage.postgres import Server
    except ImportError:
        driver = "Postgres needs a driver, which is not installed: uv add 'psycopg[binary]'"
        raise StartError(f"DATABASE_URL: {driver}") from None
    return Server(url).open
