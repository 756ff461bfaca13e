"""Keeps the outcomes in a list, to be written later. Rejected by: outcome."""

# file: app/tasks/repository/database.py
ended: list[tuple[Claim, Outcome]] = []


class SqlTaskRepository:
    def settle(self, ends: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
        """End attempts."""
        ended.extend(ends)
        return [True for _ in ends]
