"""Breaks base64 into lines. Rejected by: bytes."""


# file: app/kit/aws_lambda/events.py
def as_text(body: bytes) -> Event:
    """Return the body as text, or as base64 if it is none."""
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        from base64 import encodebytes

        return {"body": encodebytes(body).decode("ascii"), "isBase64Encoded": True}
