"""The settings of tasks on Celery; they are part of `Settings`."""

import re
from ipaddress import IPv6Address
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from app.tasks.settings import TaskSettings

EXPECTED = (
    "Input should be redis://:password@host:6379/0, rediss:// likewise, or filesystem://a/folder "
    "(%40 for @, %2F for /); behind rediss://…, ?ssl_ca_certs=a/file is possible, and likewise "
    "ssl_certfile, ssl_keyfile, ssl_cert_reqs=required, optional or none, "
    "ssl_check_hostname=true or false, with & between them"
)
SSL_OPTION = (
    r"ssl_((ca_certs|certfile|keyfile)=[\w./%-]+|check_hostname=(true|false)"
    r"|cert_reqs=(required|optional|none|CERT_REQUIRED|CERT_OPTIONAL|CERT_NONE))"
)
# Kombu would guess: at a password with an @, that a part of it is the host, which then is logged.
known = re.compile(
    r"filesystem://.+"
    r"|redis(?P<ssl>s)?://([\w.~!$&'()*+,=:%-]*@)?(?P<host>[\w.-]+|\[[\da-fA-F:.]+\])"
    r"(:(?P<port>\d{1,5}))?(/\d{0,5})?"
    rf"(?(ssl)(\?{SSL_OPTION}(&{SSL_OPTION})*)?)",
    re.ASCII,
).fullmatch


def is_name(host: str) -> bool:
    """Return whether a host can be looked up at all: an address, or a name without empty parts."""
    try:
        IPv6Address(host[1:-1]) if host.startswith("[") else host.encode("idna")
    except ValueError:
        return False
    return True


class CelerySettings(TaskSettings):
    """What runs the tasks, and where announcements of them wait."""

    task_engine: Literal["background", "celery"] = Field(
        "background", description="What runs tasks: this process, or Celery workers"
    )
    task_broker_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"), description="Celery's broker"
    )

    @field_validator("task_broker_url")
    @classmethod
    def check_broker(cls, url: SecretStr) -> SecretStr:
        """Refuse any other broker, without showing the URL: part of it may be a password."""
        match = known(url.get_secret_value())
        if (
            not match
            or not 0 < int(match["port"] or 6379) < 65_536
            or not is_name(match["host"] or "")
        ):
            raise PydanticCustomError("task_broker_url", EXPECTED)
        return url
