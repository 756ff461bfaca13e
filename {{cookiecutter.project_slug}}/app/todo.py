"""The answer of an exercise that is not done yet, so that the app always starts."""

from app.errors import AppError


class TodoError(AppError):
    """This part of the app is an exercise."""

    status = 501
    title = "To Do"

    def __init__(self, chapter: str, todo: str) -> None:
        super().__init__(f"Chapter {chapter}: {todo} Next: uv run learn check {chapter}")
