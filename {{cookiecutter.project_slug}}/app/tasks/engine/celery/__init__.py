"""Tasks on Celery workers, for more than one machine."""
