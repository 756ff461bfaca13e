"""`python -m tests.tasks.served_worker`: Celery's worker, with the kinds of `kinds.py`."""

from app.tasks.engine.celery.worker import main
from tests.tasks.kinds import KINDS

if __name__ == "__main__":
    main(KINDS)
