"""One request and its answer, and what was to be expected of it."""

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import Any, NoReturn

Json = Any  # whatever JSON can be

LONGEST_COMPARED = 600


class CheckFailed(Exception):  # noqa: N818
    """A check says no. `why` is a key of the chapter's `[why]`, with what its text leaves open."""

    def __init__(
        self, why: str, *, sent: str = "", got: str = "", expected: str = "", **facts: object
    ) -> None:
        super().__init__(why)
        self.report = {"why": why, "sent": sent, "got": got, "expected": expected, "facts": facts}
        self.exchange: Exchange | None = None  # that it is about, if it is about one


@dataclass
class Exchange:
    """What was sent and what came back."""

    method: str
    url: str
    path: str
    sent_headers: dict[str, str]
    sent: bytes
    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Json:
        """The body as JSON; None when it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def request(self) -> str:
        """What was sent, in one line."""
        return " ".join(filter(None, [f"{self.method} {self.path}", shortened(self.sent)]))

    @property
    def answer(self) -> str:
        """What came back, in one line."""
        return f"{self.status} {shortened(self.body)}".strip() if self.status else self.trouble

    @property
    def trouble(self) -> str:
        """In words, why there is no answer."""
        return self.body.decode("utf-8", "replace")

    @property
    def request_id(self) -> str:
        """What the app calls this request in its log."""
        return self.headers.get("x-request-id", "")

    def compared(self, expected: str) -> str:
        """What came back, in one line; of the right status only the members that are asked for."""
        if not self.json or not expected.startswith(str(self.status)):
            return self.answer
        members = json.dumps(only(self.json, expected), ensure_ascii=False)
        return f"{self.status} {shortened(members.encode('utf-8', 'replace'), LONGEST_COMPARED)}"

    @property
    def curl(self) -> str:
        """The request as a command."""
        words = ["curl", "-i", "-X", self.method, self.url]
        for name, value in self.sent_headers.items():
            words += ["-H", f"{name}: {value}"]
        if self.sent:
            words += ["-d", self.sent.decode("utf-8", "replace")]
        return shlex.join(words)

    def expect(self, status: int, body: Json = ..., *, why: str, **facts: object) -> "Exchange":
        """Fail unless the answer has this status and matches this body."""
        if self.status != status or not matches(body, self.json):
            shown = "" if body is ... else f" {as_text(body)}"
            self.fail(f"{status}{shown}", why=why, **facts)
        return self

    def fail(self, expected: str, *, why: str, **facts: object) -> NoReturn:
        """Say no: this was expected instead."""
        got = self.compared(expected)
        failure = CheckFailed(why, sent=self.request, got=got, expected=expected, **facts)
        failure.exchange = self
        raise failure


def matches(expected: Json, found: Json) -> bool:
    """Tell whether JSON is as expected: `...` is anything, and an object may have more members."""
    if expected is ...:
        return True
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name in found and matches(value, found[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        same = isinstance(found, list) and len(found) == len(expected)
        return same and all(map(matches, expected, found))
    return type(expected) is type(found) and bool(expected == found)


def only(found: Json, named: str) -> Json:
    """JSON with those members alone that a text names; with all of them where it names none."""
    if isinstance(found, list):
        return [only(value, named) for value in found]
    if not isinstance(found, dict):
        return found
    kept = [name for name in found if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", named)]
    return {name: only(found[name], named) for name in kept or found}


def as_text(body: Json) -> str:
    """What is expected, as JSON with dots for what may be anything."""
    return json.dumps(body, default=lambda _: "...", ensure_ascii=False).replace('"..."', "...")


def shortened(body: bytes, longest: int = 300) -> str:
    """A body in one line, and not too long for a screen."""
    text = " ".join(body.decode("utf-8", "replace").split())
    return text if len(text) <= longest else f"{text[:longest]}..."
