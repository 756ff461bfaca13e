"""Says it with a word. Rejected by: stays-open."""


# file: app/kit/aws_lambda/events.py
def as_text(body: bytes) -> Event:
    """Return the body as text, or as base64 if it is none."""
    try:
        return {"body": body.decode(), "isBase64Encoded": "false"}
    except UnicodeDecodeError:
        return {"body": b64encode(body).decode("ascii"), "isBase64Encoded": "true"}
