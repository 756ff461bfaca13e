"""Sessions in the database: a row each, which counts for as long as it was seen lately.

Only the storage's clock counts, so that processes and machines agree. It is asked for `{clock}`,
the time now, and not for `{now}`, which may be the time when a transaction began: what another
process has just written would lie in its future.
"""

from datetime import UTC, datetime, timedelta

from app.errors import AppError
from app.showcases.presence.schemas import Membership, Person, Present
from app.storage.store import Store, writes
from app.storage.thread import Storage

MOST_SESSIONS = 1_000
HEARTBEATS = 3  # in the time to live, so that one may be lost

MIGRATIONS = (
    (
        """
        CREATE TABLE IF NOT EXISTS presence (
            session TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            joined_at {real} NOT NULL,
            seen_at {real} NOT NULL
        )
        """,
    ),
)
# What was seen in the future was seen before the clock was set back: nobody knows how long ago.
# What another process writes at this moment is skipped: it is being refreshed, or removed.
EXPIRE = """
DELETE FROM presence WHERE session IN (
    SELECT session FROM presence
    WHERE seen_at <= {clock} - :seconds OR seen_at > {clock} {skip_locked})
"""
LIST = """
SELECT name, COUNT(*), MIN(joined_at), MAX(seen_at) FROM presence
WHERE seen_at > {clock} - :seconds AND seen_at <= {clock} GROUP BY name
"""
# Returns nothing if there is no room, or if the session is another person's.
JOIN = """
INSERT INTO presence (session, name, joined_at, seen_at)
SELECT :session, :name, {clock}, {clock}
WHERE (SELECT COUNT(*) FROM presence) < :limit
    OR EXISTS (SELECT 1 FROM presence WHERE session = :session)
ON CONFLICT (session) DO UPDATE SET seen_at = excluded.seen_at WHERE presence.name = excluded.name
RETURNING joined_at, seen_at
"""
FIND = "SELECT 1 FROM presence WHERE session = :session"
REFRESH = "UPDATE presence SET seen_at = {clock} WHERE session = :session"
LEAVE = "DELETE FROM presence WHERE session = :session AND name = :name"


class PresenceFullError(AppError):
    """As many sessions are present as there may be; try again once some of them have ended."""

    status = 409
    title = "Presence Full"


class SessionTakenError(AppError):
    """This session is another person's; send none, and the service makes one."""

    status = 409
    title = "Session Taken"


class PresenceStore(Store):
    """The sessions in the table `presence`, each for `seconds` after it was seen."""

    def __init__(self, storage: Storage, seconds: int) -> None:
        super().__init__(storage)
        storage.migrate("presence", MIGRATIONS)
        self.seconds = seconds

    @writes
    def join(self, name: str, session: str) -> Membership:
        """Register or refresh a session, or raise SessionTakenError or PresenceFullError."""
        self._expire()  # in the same transaction: whoever joins meets no ghost
        values = {"session": session, "name": name, "limit": MOST_SESSIONS}
        for joined_at, seen_at in self.connection.execute(JOIN, **values):
            return Membership(
                name=name,
                session=session,
                joined_at=at(joined_at),
                seen_at=at(seen_at),
                refresh_seconds=self.seconds / HEARTBEATS,
                expires_at=at(seen_at) + timedelta(seconds=self.seconds),
            )
        taken = self.connection.execute(FIND, session=session)
        raise SessionTakenError if taken else PresenceFullError

    @writes
    def refresh(self, session: str) -> None:
        """Refresh a session if it is present."""
        self._expire()
        self.connection.execute(REFRESH, session=session)

    @writes
    def leave(self, name: str, session: str) -> None:
        """End a session of this person, if there is one."""
        self.connection.execute(LEAVE, name=name, session=session)

    @writes  # what has expired is removed, or a clock that was set back would make it alive again
    def present(self) -> Present:
        """Return who is present."""
        self._expire()
        rows = sorted(self.connection.execute(LIST, seconds=self.seconds))
        return Present(
            items=[
                Person(name=name, sessions=sessions, since=at(since), last_seen=at(seen))
                for name, sessions, since, seen in rows
            ]
        )

    def _expire(self) -> None:
        self.connection.execute(EXPIRE, seconds=self.seconds)


def at(seconds: float) -> datetime:
    """Return a time of the storage's clock."""
    return datetime.fromtimestamp(seconds, UTC)
