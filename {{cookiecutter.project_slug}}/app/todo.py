"""What an exercise that is not done yet answers with, so that the app always starts."""

from app.errors import AppError


class TodoError(AppError):
    """This part of the app is an exercise."""

    status = 501
    title = "To Do"

    def __init__(self, chapter: str, todo: str) -> None:
        self.chapter, self.todo = chapter, todo

    @property
    def detail(self) -> str:
        """Which chapter it is, what to do, and the command that says more."""
        return f"Chapter {self.chapter}: {self.todo} Next: uv run learn check {self.chapter}"
