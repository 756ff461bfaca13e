"""Reads only `.env`. Rejected by: app-env."""

# file: app/kit/settings.py


def env_files() -> tuple[Path, ...]:
    """The files that are read, the stronger one last."""
    return (Path(".env"),)
