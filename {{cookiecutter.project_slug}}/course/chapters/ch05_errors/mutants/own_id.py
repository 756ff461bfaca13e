"""Makes an id of its own for the body. Rejected by: request-id."""

from uuid import uuid4


def problem_body(status: int, **members: object) -> bytes:
    """A problem's bytes."""
    phrase = HTTPStatus(status).phrase
    default = {"type": "about:blank", "title": phrase, "detail": phrase}
    fixed = {"status": status, "request_id": uuid4().hex}
    problem = Problem.model_validate(default | members | fixed)
    return json.dumps(problem.model_dump(exclude_none=True)).encode("ascii")
