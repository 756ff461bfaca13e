"""Looks at the bytes before it decides."""


# file: app/kit/aws_lambda/events.py
def as_text(body: bytes) -> Event:
    """Return the body as text, or as base64 if it is none."""
    text = body.decode("utf-8", "surrogateescape")
    if any("\ud800" <= character <= "\udfff" for character in text):
        return {"body": b64encode(body).decode("ascii"), "isBase64Encoded": True}
    return {"body": text, "isBase64Encoded": False}
