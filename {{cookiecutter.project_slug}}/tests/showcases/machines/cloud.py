"""A provider on loopback: moto's server, behind a thin one that changes some of its answers.

moto starts and stops an instance at once, and always has room. What is in between, and what goes
wrong, comes from the server in front: it counts what is asked, refuses it, or rewrites the XML.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import boto3
from moto.server import ThreadedMotoServer

AWS_ENDPOINT_URL_EC2 = "AWS_ENDPOINT_URL_EC2"  # the variable by which boto3 finds EC2
# What else boto3 wants, whatever its values are.
AWS_ACCESS_KEY_ID = "testing"
AWS_SECRET_ACCESS_KEY = "testing"
AWS_DEFAULT_REGION = "eu-central-1"

SECRET = "hush-0123456789"
REFUSAL = (
    "<Response><Errors><Error><Code>{code}</Code><Message>{secret}</Message></Error></Errors>"
    "<RequestID>1</RequestID></Response>"
)
STATE = re.compile(r"<instanceState>\s*<code>\d+</code>\s*<name>[\w-]+</name>")
REASON = re.compile(r"<stateReason>.*?</stateReason>|<stateReason\s*/>", re.DOTALL)
IMAGE = "ami-12c6146b"  # one of those that moto has
CODES = {"pending": 0, "running": 16, "stopping": 64, "stopped": 80}

Answer = tuple[int, str]


class Server(ThreadingHTTPServer):
    """A server with room for as many connections at once as a test makes."""

    request_queue_size = 128


@contextmanager
def listening(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of this machine; give the address."""
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Handler(BaseHTTPRequestHandler):
    """Answers what a function returns."""

    def __init__(self, answer: Callable[[str, str, str], Answer], *args: Any) -> None:  # noqa: ANN401
        self.answer = answer
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer with the function's status and text."""
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        status, text = self.answer(self.path, body, self.headers.get("Authorization", ""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        if 300 <= status < 400:
            self.send_header("Location", text)
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET  # noqa: N815 - what the standard library calls

    def log_message(self, *_: object) -> None:
        """Write no log."""


class Cloud:
    """What the provider answers; `moto` is the address of the real server behind it."""

    def __init__(self, moto: str) -> None:
        self.moto = moto
        self.url = ""
        self.asked: list[str] = []
        self.refusals: dict[str, list[Answer]] = {}
        self.shown: list[str] = []
        self.reason = ""

    def answer(self, path: str, body: str, signature: str) -> Answer:
        """Answer as moto does, unless something else is wanted."""
        action = parse_qs(body).get("Action", [path])[0]
        self.asked.append(action)
        if refusals := self.refusals.get(action):
            return refusals.pop(0)
        status, text = send(self.moto, path, body, signature)
        if action == "DescribeInstances":
            text = self.changed(text)
        return status, text

    def changed(self, text: str) -> str:
        """Return what is shown of the instances; the last of the shown states stays."""
        if self.reason:
            reason = f"<stateReason><code>{self.reason}</code></stateReason>"
            text = REASON.sub(reason, text)
        if not self.shown:
            return text
        state = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        return STATE.sub(f"<instanceState><code>{CODES[state]}</code><name>{state}</name>", text)

    def show(self, *states: str) -> None:
        """Show these states, one after another; without any, those that moto has."""
        self.shown = list(states)

    def refuse(self, action: str, code: str, times: int = 1000, status: int = 400) -> None:
        """Refuse an action with this code, and a message that nobody may see."""
        text = REFUSAL.format(code=code, secret=SECRET)
        self.refusals[action] = [(status, text)] * times

    def count(self, action: str) -> int:
        """Return how often this was asked."""
        return self.asked.count(action)

    def client(self) -> Any:  # noqa: ANN401
        """Return a client of the server behind, which nobody counts."""
        return boto3.client("ec2", endpoint_url=self.moto)

    def make_instance(self) -> str:
        """Make an instance, which is stopped, and return its id."""
        ec2 = self.client()
        made = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
        instance_id: str = made["Instances"][0]["InstanceId"]
        ec2.stop_instances(InstanceIds=[instance_id])
        return instance_id

    def state(self, instance_id: str) -> str:
        """Return the state that moto has."""
        found = self.client().describe_instances(InstanceIds=[instance_id])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


def send(address: str, path: str, body: str, signature: str) -> Answer:
    """Post a request and return its answer; the signature says which region it is for."""
    host = address.removeprefix("http://")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": signature}
    with closing(HTTPConnection(host, timeout=30)) as connection:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


class Inside:
    """The service inside a machine: its health answers with `status`, 503 to begin with."""

    def __init__(self) -> None:
        self.status = 503
        self.url = ""
        self.asked: list[str] = []

    def answer(self, path: str, *_: str) -> Answer:
        """Answer a question about its health."""
        self.asked.append(path)
        return self.status, "/health/live" if self.status == 302 else ""


@contextmanager
def running_moto() -> Iterator[str]:
    """Run moto's own server; give its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def running_cloud(moto: str) -> Iterator[Cloud]:
    """Run the server in front of moto."""
    cloud = Cloud(moto)
    with listening(partial(Handler, cloud.answer)) as cloud.url:
        yield cloud


@contextmanager
def running_inside() -> Iterator[Inside]:
    """Run the service inside a machine."""
    inside = Inside()
    with listening(partial(Handler, inside.answer)) as url:
        inside.url = f"{url}/health/ready"
        yield inside
