"""Where the course is, and where `learn` keeps what it writes.

Standard library only: the template's hook runs this where nothing is installed.
"""

import os
from pathlib import Path

COURSE = Path(__file__).resolve().parents[2]


def state_folder() -> Path:
    """Return the folder of the learner's progress; git ignores it. `LEARN_STATE` names another."""
    return Path(os.environ.get("LEARN_STATE") or COURSE.parent / ".learn")


def cache_folder() -> Path:
    """Return the folder of compiled copies of the app; `LEARN_CACHE` names another."""
    return Path(os.environ.get("LEARN_CACHE") or state_folder() / "cache")
