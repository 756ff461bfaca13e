"""Loads the file into the environment, over what is there. Rejected by: environment."""

# file: app/kit/settings.py

from dotenv import load_dotenv


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    load_dotenv(".env", override=True)
    chosen = os.environ.get("APP_ENV") or "dev"
    return (Path(".env"), *(Path(f".env.{name}") for name in ENVIRONMENTS if name == chosen))
