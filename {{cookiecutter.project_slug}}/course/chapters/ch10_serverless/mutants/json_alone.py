"""Sends as text what is JSON. Rejected by: text."""

# file: app/kit/aws_lambda/events.py
import json


def as_text(body: bytes) -> Event:
    """Return the body as text, or as base64 if it is none."""
    try:
        json.loads(body)
    except ValueError:
        return {"body": b64encode(body).decode("ascii"), "isBase64Encoded": True}
    return {"body": body.decode(), "isBase64Encoded": False}
