"""Redis as Celery's broker. While it is full, frozen or a replica, it is as good as away."""

import ssl
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as partly_typed

from app.kit.start import StartError
from app.tasks.engine.celery.channel import Places, TolerantTransport, skip_broken_message

redis: Any = partly_typed

REFUSALS = redis.Transport.channel_errors
ERRORS = (*redis.Transport.connection_errors, *REFUSALS)
OUTAGES = [error for error in ERRORS if error is not KeyError]  # which a message may cause too


class DiscreetConnection:
    """A connection whose errors do not repeat what it logged in with, as Redis's own may."""

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in."""
        try:
            super().on_connect_check_health(check_health)  # type: ignore[misc]
        except REFUSALS as error:
            refusal, *_ = str(error).partition(", with args")
            raise redis.get_redis_ConnectionError()(refusal) from None


class RedisChannel(redis.Channel):  # type: ignore[misc]
    """Kombu's, but it keeps no copy of what it took, and is open only if Redis can be written."""

    connection_class = type("Plain", (DiscreetConnection, redis.redis.Connection), {})
    connection_class_ssl = type("Encrypted", (DiscreetConnection, redis.redis.SSLConnection), {})
    ack_emulation = False
    do_restore = False

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.QoS = Places
        self.client.lpushx("no-such-key", "")  # pushes nothing, and is refused where a push is

    def _brpop_read(self, **options: object) -> None:
        with skip_broken_message(OUTAGES):
            super()._brpop_read(**options)

    def _receive(self) -> None:  # what Flower and `celery inspect` ask
        with skip_broken_message(OUTAGES):
            super()._receive()


class RedisTransport(TolerantTransport, redis.Transport):  # type: ignore[misc]
    """Kombu's, but whatever Redis refuses is a reason to connect again."""

    Channel = RedisChannel
    connection_errors = ERRORS


def use_redis() -> dict[str, Any]:
    """Return Celery's options for Redis."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:RedisTransport"
    # a process that waits for a silent Redis does not stop; the API tries again at its next poll
    return {"socket_connect_timeout": 2, "socket_timeout": 2, "max_retries": 0}


def use_ssl(url: str) -> dict[str, Any] | None:
    """Return what applies to a `rediss://` without options; raise StartError if some cannot work.

    Kombu would trust whoever answers there.
    """
    if not url.startswith("rediss://"):
        return None
    options = dict(parse_qsl(urlsplit(url).query))
    files = [options.get(f"ssl_{name}") for name in ("ca_certs", "certfile", "keyfile")]
    authorities, certificate, key = files
    try:
        context = ssl.create_default_context(cafile=authorities)
        if certificate or key:
            # without a password, OpenSSL would ask for one at the terminal
            context.load_cert_chain(certificate or "", key, password="")
    except OSError as error:
        named = ", ".join(filter(None, files))
        raise StartError(f"TASK_BROKER_URL: {named} cannot be used: {error}") from None
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED}
