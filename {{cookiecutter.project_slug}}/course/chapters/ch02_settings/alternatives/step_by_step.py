"""Puts the name of the second file together step by step."""

# file: app/kit/settings.py


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    name = os.environ.get("APP_ENV")
    if not name:
        name = read_file(Path(".env")).get("APP_ENV") or "dev"
    return Path(".env"), Path(f".env.{name}")
