"""Which `Host` headers the service answers to, and which addresses are this machine's alone."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LONGEST_HOST = 261  # bytes: a DNS name, a colon and a port; nothing longer is kept in the cache

# What could ever match: a `Host` header without its port, and an `Origin` as a browser sends it.
HOST = r"[a-z0-9._-]+|\[[0-9a-f:.]+\]"
HOSTS = (
    re.compile(rf"\*|(\*\.)?({HOST})", re.IGNORECASE),
    "names such as api.example.com, *.example.com or [::1], without scheme, port and path",
)
ORIGINS = (
    re.compile(rf"\*|(?!http:.*:80$|https:.*:443$)[a-z][a-z0-9+.-]*://({HOST})(:\d+)?"),
    "origins such as https://app.example.com, in small letters, without path and usual port",
)

host_name = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?").fullmatch


def host_check(allowed: Sequence[str]) -> Callable[[bytes], bool]:
    """Return a function that checks a `Host` header; `*.example.com` allows all hosts below it."""
    patterns = [name.lower().encode() for name in allowed]
    if b"*" in patterns:
        return lambda _: True

    @lru_cache(maxsize=256)
    def matches(header: bytes) -> bool:
        match = host_name(header.lower())
        name = match[1] if match else b""
        return any(name == p or (p.startswith(b"*.") and name.endswith(p[1:])) for p in patterns)

    return lambda header: len(header) <= LONGEST_HOST and matches(header)
