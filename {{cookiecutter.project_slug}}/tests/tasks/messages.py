"""What somebody may put where the workers look for announcements, and is none."""

import base64
import json
from typing import Any


def announcement(arguments: object = (), headers: object = None, **members: object) -> str:
    """Return a message that asks to run the task with these arguments, or what is left of one."""
    body = base64.b64encode(json.dumps([arguments, {}, {}]).encode()).decode()
    given = headers if isinstance(headers, dict) else {}
    message: dict[str, Any] = {
        "body": body,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "app.tasks.run", "id": "x", "root_id": "x", **given},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": "x",
            "delivery_info": {"exchange": "", "routing_key": "tasks"},
        },
    }
    return json.dumps(message | members)


BROKEN = {
    "no JSON": "{no",
    "deep": "[" * 100_000,
    "a list": "[1]",
    "empty": "{}",
    "no properties": announcement(properties=None),
    "no base64": announcement(body="%"),
    "no text": announcement(body=5),
    "no headers": announcement(headers={"task": None}),
    "another task": announcement(headers={"task": "nothing"}),
    "a list of tasks": announcement(headers={"task": ["app.tasks.run"]}),
    "no argument": announcement(),
    "too many arguments": announcement(["x", "y"]),
    "no id": announcement(["x"]),
    "an object": announcement([{"a": 1}]),
    "pickle": announcement(**{"content-type": "application/x-python-serialize"}),
    "no type": announcement(**{"content-type": None}),
    "a wrong time": announcement(headers={"eta": "soon"}),
    "a wrong limit": announcement(headers={"timelimit": ["a", "b"]}),
    "a wrong stamp": announcement(headers={"stamped_headers": 5}),
    "huge": announcement(["x" * 2**22]),
}
