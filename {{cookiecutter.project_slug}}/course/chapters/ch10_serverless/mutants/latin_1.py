"""Sends bytes as characters. Rejected by: bytes."""


# file: app/kit/aws_lambda/events.py
def as_text(body: bytes) -> Event:
    """Return the body as text."""
    return {"body": body.decode("latin-1"), "isBase64Encoded": False}
