"""A worker that knows the kind `probe`: `python -m chapters.ch09_scale_out.worker`."""

from app.tasks.engine.celery.worker import main
from chapters.ch09_scale_out.kind import PROBE_KINDS

if __name__ == "__main__":
    main(PROBE_KINDS)
