"""Sends everything as base64. Rejected by: text."""


# file: app/kit/aws_lambda/events.py
def as_text(body: bytes) -> Event:
    """Return the body as base64."""
    return {"body": b64encode(body).decode("ascii"), "isBase64Encoded": True}
