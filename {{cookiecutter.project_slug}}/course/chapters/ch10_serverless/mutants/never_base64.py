"""Makes text of everything. Rejected by: bytes."""


# file: app/kit/aws_lambda/events.py
def as_text(body: bytes) -> Event:
    """Return the body as text."""
    return {"body": body.decode("utf-8", "replace"), "isBase64Encoded": False}
