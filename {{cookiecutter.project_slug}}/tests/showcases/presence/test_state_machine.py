"""Presence as a state machine: whatever people do, in any order, the store is a dict's twin.

Hypothesis looks for an order that tells them apart, and shortens what it finds.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.showcases.presence.store import PresenceStore, SessionTakenError
from tests.showcases.presence.test_store import count_rows, names, pass_time
from tests.storage.helpers import opened

set_hypothesis_home_dir(Path(tempfile.gettempdir(), "hypothesis"))  # not in the project

SECONDS = 90
PEOPLE = st.sampled_from(["ada", "bob", "cyd"])
SESSIONS = st.sampled_from(["tab", "phone", "desk", "lab"])


@contextmanager
def new_store() -> Iterator[PresenceStore]:
    """Open a store in a file of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder, "app.sqlite3")) as storage,
    ):
        yield PresenceStore(storage, SECONDS)


class Presence(RuleBasedStateMachine):
    """A store, and who should be in it: for each session its person, and when it was seen.

    The steps of the clock are large, so that the time that really passes decides nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.store = self.open.enter_context(new_store())
        self.people: dict[str, str] = {}
        self.ages: dict[str, int] = {}

    @rule(name=PEOPLE, session=SESSIONS)
    def join(self, name: str, session: str) -> None:
        """Join or refresh; a session that is another person's is refused, and stays as it was."""
        if self.people.get(session, name) != name:
            try:
                self.store.join.sync(name, session)
            except SessionTakenError:
                return
            raise AssertionError("a session has two people")
        joined = self.store.join.sync(name, session)
        assert (joined.name, joined.session) == (name, session)
        self.people[session], self.ages[session] = name, 0

    @rule(session=SESSIONS)
    def refresh(self, session: str) -> None:
        """Submit work: whoever is present stays so for longer, and nobody comes back."""
        self.store.refresh.sync(session)
        if session in self.ages:
            self.ages[session] = 0

    @rule(name=PEOPLE, session=SESSIONS)
    def leave(self, name: str, session: str) -> None:
        """Leave, which ends one's own session alone."""
        self.store.leave.sync(name, session)
        if self.people.get(session) == name:
            self.forget(session)

    @rule(seconds=st.sampled_from([20, 40, 60, 100]))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.move_clock(seconds)

    @precondition(lambda self: self.ages)
    @rule(seconds=st.sampled_from([20, 3600]))
    def set_back(self, seconds: int) -> None:
        """Set the storage's clock back: what was seen in its future is not alive."""
        self.move_clock(-seconds)

    def move_clock(self, seconds: int) -> None:
        """Make all that is present older, or younger than now."""
        pass_time(self.store, seconds)
        for session in list(self.ages):
            self.ages[session] += seconds
            if not 0 <= self.ages[session] < SECONDS:
                self.forget(session)

    def forget(self, session: str) -> None:
        """Note that a session has ended."""
        del self.people[session], self.ages[session]

    @invariant()
    def the_list_is_who_should_be_there(self) -> None:
        """Compare the list, twice, and the rows: no ghost, no duplicate."""
        people = list(self.people.values())
        expected = {name: people.count(name) for name in people}
        for _ in range(2):
            assert names(self.store.present.sync()) == expected
        assert count_rows(self.store) == len(people)

    def teardown(self) -> None:
        """Close the store."""
        self.open.close()


TestPresence = Presence.TestCase
TestPresence.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, database=None
)
