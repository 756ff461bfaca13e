"""Whether the service inside a machine answers."""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

SECONDS = 2.0


def is_healthy(url: str) -> bool:
    """Tell whether a GET of the URL is answered with 2xx: directly, and without redirections.

    `http.client` knows nothing of `http_proxy`, and a proxy's error page is not the machine's.
    """
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        query = f"?{parts.query}" if parts.query else ""
        connection.request("GET", f"{parts.path or '/'}{query}")
        return 200 <= connection.getresponse().status < 300
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
