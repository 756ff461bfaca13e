"""Which `Host` headers the service answers to, and which addresses are this machine's alone."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

LOOPBACK = ("127.0.0.1", "::1", "localhost")

host_name = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?").fullmatch


def host_check(allowed: Sequence[str]) -> Callable[[bytes], bool]:
    """Return a function that checks a `Host` header; `*.example.com` allows all hosts below it."""
    patterns = [name.lower().encode() for name in allowed]

    @lru_cache(maxsize=256)
    def trusts(header: bytes) -> bool:
        match = host_name(header.lower())
        if b"*" in patterns or not match:
            return b"*" in patterns
        name = match[1]
        return any(name == p or (p.startswith(b"*.") and name.endswith(p[1:])) for p in patterns)

    return trusts
