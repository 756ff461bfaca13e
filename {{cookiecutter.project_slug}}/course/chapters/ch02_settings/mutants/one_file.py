"""Reads only `.env`. Rejected by: app-env."""

# file: app/kit/settings.py


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    return (Path(".env"),)
