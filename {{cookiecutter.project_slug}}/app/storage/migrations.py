"""The schema: each feature has a list of migrations, and the database records how many have run."""

from collections.abc import Sequence

from app.kit.start import StartError
from app.storage.connection import Connection, StorageUnavailableError, ThreadConnection

Migrations = Sequence[Sequence[str]]  # a migration is some statements

CREATE = """
    CREATE TABLE IF NOT EXISTS schema_versions (feature TEXT PRIMARY KEY, version INTEGER NOT NULL)
"""
SELECT = "SELECT version FROM schema_versions WHERE feature = :feature"
REPLACE = """
    INSERT INTO schema_versions VALUES (:feature, :version)
    ON CONFLICT (feature) DO UPDATE SET version = excluded.version
"""


def is_current(reader: ThreadConnection, feature: str, migrations: Migrations) -> bool:
    """Return whether nothing needs to be written: the database may be locked, or a replica."""
    try:
        return count_known(reader, feature, migrations) == len(migrations)
    except StorageUnavailableError:  # a new database has no such table
        return False


def count_known(reader: Connection | ThreadConnection, feature: str, migrations: Migrations) -> int:
    """Return how many migrations of a feature have run; StartError if more than are known."""
    rows = reader.execute(SELECT, feature=feature)
    version = int(rows[0][0]) if rows else 0
    if version > len(migrations):
        raise StartError(
            f"DATABASE_URL: the {feature} there have schema {version}, but this app knows only "
            f"{len(migrations)}. Run the newer app, or use another database."
        )
    return version


def migrate(connection: Connection, feature: str, migrations: Migrations) -> None:
    """Run the migrations that a feature lacks, all or nothing; StartError if that fails."""
    try:
        with connection.transaction():
            connection.execute("{lock_schema}")  # one process at a time
            connection.execute(CREATE)
            version = count_known(connection, feature, migrations)
            for statement in (s for migration in migrations[version:] for s in migration):
                connection.execute(statement)
            connection.execute(REPLACE, feature=feature, version=len(migrations))
    except StorageUnavailableError as error:
        raise StartError(f"DATABASE_URL cannot be used: {error.__cause__}") from None
