"""One request with its answer, and how it is compared with what is expected."""

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import NoReturn

from learn.grading.report import Json

LONGEST_COMPARED = 600

__all__ = ["CheckFailed", "Exchange", "Json"]


class CheckFailed(Exception):  # noqa: N818
    """A check fails. `why` is a key of the chapter's `[why]`; `facts` are its parameters."""

    def __init__(
        self, why: str, *, sent: str = "", got: str = "", expected: str = "", **facts: object
    ) -> None:
        super().__init__(why)
        self.why, self.sent, self.got, self.expected = why, sent, got, expected
        self.facts = facts
        self.exchange: Exchange | None = None  # the one it is about, if it is about one


@dataclass
class Exchange:
    """What was sent and what came back."""

    method: str
    url: str
    path: str
    sent_headers: dict[str, str]
    sent: bytes
    status: int  # 0: there is no answer
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Json:
        """The body as JSON; None when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def request(self) -> str:
        """What was sent, on one line."""
        return " ".join(filter(None, [f"{self.method} {self.path}", shorten(self.sent)]))

    @property
    def answer(self) -> str:
        """What came back, on one line."""
        return f"{self.status} {shorten(self.body)}".strip() if self.status else self.trouble

    @property
    def trouble(self) -> str:
        """Why there is no answer, in words."""
        return self.body.decode("utf-8", "replace")

    @property
    def request_id(self) -> str:
        """What the app calls this request in its log."""
        return self.headers.get("x-request-id", "")

    def excerpt(self, expected: str) -> str:
        """Return what came back, on one line; if the status is right, only what is expected."""
        if not self.json or not expected.startswith(str(self.status)):
            return self.answer
        members = json.dumps(select_members(self.json, expected), ensure_ascii=False)
        return f"{self.status} {shorten(members.encode('utf-8', 'replace'), LONGEST_COMPARED)}"

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
        """Fail the check: this was expected instead."""
        got = self.excerpt(expected)
        failure = CheckFailed(why, sent=self.request, got=got, expected=expected, **facts)
        failure.exchange = self
        raise failure


def matches(expected: Json, found: Json) -> bool:
    """Tell whether JSON is as expected: `...` is anything, and objects may have more members."""
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


def select_members(found: Json, text: str) -> Json:
    """Return JSON with only the members that the text names; with all, where it names none."""
    if isinstance(found, list):
        return [select_members(value, text) for value in found]
    if not isinstance(found, dict):
        return found
    kept = [name for name in found if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
    return {name: select_members(found[name], text) for name in kept or found}


def as_text(body: Json) -> str:
    """Return what is expected as JSON, with dots for what may be anything."""
    return json.dumps(body, default=lambda _: "...", ensure_ascii=False).replace('"..."', "...")


def shorten(body: bytes, longest: int = 300) -> str:
    """Return a body on one line, short enough for a screen."""
    text = " ".join(body.decode("utf-8", "replace").split())
    return text if len(text) <= longest else f"{text[:longest]}..."
