"""Why no task runs where AWS Lambda runs the service."""

from app.kit.aws_lambda.environment import on_lambda
from app.kit.start import StartError

FROZEN = (
    "Tasks cannot run on AWS Lambda, which freezes a process once it has answered. Set "
    "TASK_CONCURRENCY=0 there, and let processes elsewhere, on the same Postgres, run them: "
    "docs/aws-lambda.md"
)


def is_frozen(concurrency: int) -> bool:
    """Return whether an engine's loop would stand still; raise StartError if it is to run tasks."""
    frozen = on_lambda()
    if frozen and concurrency:
        raise StartError(FROZEN)
    return frozen
