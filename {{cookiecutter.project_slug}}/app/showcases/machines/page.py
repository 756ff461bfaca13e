"""`/instances`: a page that shows the machines, who is present, and two buttons for each.

The page has no data of its own, so it needs no key. It asks the routes of the API, with a key that
is typed into it and kept in its memory alone: no cookie, no storage, no address has it.
"""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi.responses import HTMLResponse

from app.kit.mount import Router

router = Router()


@cache
def read_page() -> str:
    """Return the page."""
    return Path(__file__).with_name("page.html").read_text("utf-8")


def hash_of(tag: str) -> str:
    """Return how a content policy names the one script or style of the page."""
    [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", read_page(), re.DOTALL)
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def content_policy() -> str:
    """Return the policy: nothing but what is in the page runs, even if a name were a script."""
    return (
        f"default-src 'none'; script-src {hash_of('script')}; style-src {hash_of('style')}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@router.get("/instances", include_in_schema=False, response_class=HTMLResponse)
def show_machines() -> HTMLResponse:
    """Return the page."""
    headers = {"Content-Security-Policy": content_policy(), "Referrer-Policy": "no-referrer"}
    return HTMLResponse(read_page(), headers=headers)
