"""Packs messages in a way that unpacking can run code. Rejected by: id-alone."""


def make_celery(settings: CelerySettings) -> Celery:
    """Set up Celery as old tutorials do."""
    url = settings.task_broker_url.get_secret_value()
    celery = Celery("app", broker=url)
    celery.conf.update(
        task_serializer="pickle",
        accept_content=["pickle"],
        task_ignore_result=True,
        task_default_queue=QUEUE,
        task_acks_late=True,
        worker_concurrency=settings.task_concurrency,
        worker_prefetch_multiplier=1,
        broker_transport_options=broker_options(url, settings),
    )
    return celery
