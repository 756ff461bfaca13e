"""The schema: each feature has a list of migrations, and the database knows how many it has had.

The first migration of a feature says `IF NOT EXISTS`: it adopts the tables of a database from
before this table of versions.
"""

from collections.abc import Sequence

from app.kit.start import StartError
from app.storage.connection import Connection

Migrations = Sequence[Sequence[str]]  # a migration is some statements

CREATE = """
    CREATE TABLE IF NOT EXISTS schema_versions (feature TEXT PRIMARY KEY, version INTEGER NOT NULL)
"""
SELECT = "SELECT version FROM schema_versions WHERE feature = :feature"
REPLACE = """
    INSERT INTO schema_versions VALUES (:feature, :version)
    ON CONFLICT (feature) DO UPDATE SET version = excluded.version
"""


def migrate(connection: Connection, feature: str, migrations: Migrations) -> None:
    """Run the migrations that a feature's tables have not had; StartError when they are newer.

    To be called in a transaction: one process at a time, all or nothing.
    """
    connection.execute("{lock_schema}")
    connection.execute(CREATE)
    rows = connection.execute(SELECT, feature=feature)
    version = rows[0][0] if rows else 0
    if version > len(migrations):
        raise StartError(
            f"DATABASE_URL: the {feature} there have schema {version}, and this app knows "
            f"{len(migrations)}. Run the newer app, or name another database."
        )
    for statement in (s for migration in migrations[version:] for s in migration):
        connection.execute(statement)
    connection.write(REPLACE, feature=feature, version=len(migrations))
