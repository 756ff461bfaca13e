"""Does not look for APP_ENV in `.env`. Rejected by: app-env."""

# file: app/kit/settings.py


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    return (Path(".env"), Path(f".env.{os.environ.get('APP_ENV', 'dev')}"))
