"""The error that ends a command with a text of the catalogue."""

from learn.terminal.messages import text

USAGE = 2


class LearnError(Exception):
    """Something that the learner can fix; the message says how. `exit_code` is the command's."""

    def __init__(self, key: str, exit_code: int = USAGE, **facts: object) -> None:
        super().__init__(text(key, **facts))
        self.exit_code = exit_code
