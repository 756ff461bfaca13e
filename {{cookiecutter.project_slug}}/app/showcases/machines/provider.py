"""The provider of the machines: EC2, by boto3, which is imported when it is asked first."""

import re
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

from app.errors import AppError
from app.showcases.machines.errors import (
    MachineGoneError,
    NoCapacityError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from app.showcases.machines.schemas import MachineState

CONNECT_SECONDS, READ_SECONDS = 3, 10
# EC2's names of the states. One that runs is `running` here whatever the service inside it does.
STATES = {
    "pending": MachineState.STARTING,
    "running": MachineState.RUNNING,
    "stopping": MachineState.STOPPING,
    "stopped": MachineState.STOPPED,
}
LACKS_CAPACITY = re.compile(r"(Server\.)?Insufficient\w*Capacity").fullmatch
BUSY = re.compile(
    r"(RequestLimitExceeded|Throttling|Internal|(Service)?Unavailable|Incorrect\w*State).*"
).fullmatch
is_code = re.compile(r"[A-Za-z.]{1,64}").fullmatch


class Seen(NamedTuple):
    """What the provider says of a machine: its state, and why it has stopped."""

    state: MachineState
    reason: str = ""


class Provider:
    """Looks at machines, starts and stops them, in threads that may wait."""

    def __init__(self) -> None:
        self._ec2: Any = None
        self._lock = Lock()

    def look(self, ids: Sequence[str]) -> list[Seen]:
        """Return what the provider says of each; one that it does not know is gone."""
        # a filter, because one unknown id among `InstanceIds` would refuse the others as well
        answer = self._ask(
            "describe_instances", Filters=[{"Name": "instance-id", "Values": list(ids)}]
        )
        found = {
            instance["InstanceId"]: as_seen(instance)
            for reservation in answer.get("Reservations", [])
            for instance in reservation["Instances"]
        }
        return [found.get(instance_id, Seen(MachineState.GONE)) for instance_id in ids]

    def start(self, instance_id: str) -> None:
        """Ask for a start; raise NoCapacityError if there is no room."""
        self._ask("start_instances", InstanceIds=[instance_id])

    def stop(self, instance_id: str) -> None:
        """Ask for a stop."""
        self._ask("stop_instances", InstanceIds=[instance_id])

    def _ask(self, operation: str, **arguments: object) -> Any:  # noqa: ANN401 - boto3's
        from botocore import exceptions as boto
        from botocore.parsers import ResponseParserError

        try:
            return getattr(self._client(), operation)(**arguments)
        except boto.ClientError as error:
            raise explain(str(error.response.get("Error", {}).get("Code"))) from error
        except (boto.HTTPClientError, boto.ConnectionError, ResponseParserError) as error:
            raise ProviderUnavailableError from error
        except (boto.BotoCoreError, ValueError) as error:  # no credentials, no region
            raise ProviderRefusedError from error

    def _client(self) -> Any:  # noqa: ANN401 - boto3 has no types
        from boto3.session import Session
        from botocore.config import Config
        from botocore.session import get_session

        with self._lock:
            if self._ec2 is None:
                # once, because a task is tried again by its engine, and a page looks again
                config = Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": 1},
                )
                session = get_session()
                session.register_component("data_loader", loader())
                self._ec2 = Session(botocore_session=session).client("ec2", config=config)
        return self._ec2


@cache
def loader() -> Any:  # noqa: ANN401 - boto3 has no types
    """Return what reads boto3's files, once: EC2's alone takes 0.4 seconds, for each task."""
    from botocore.loaders import create_loader

    return create_loader()


def as_seen(instance: dict[str, Any]) -> Seen:
    """Convert EC2's description of an instance."""
    reason = str(instance.get("StateReason", {}).get("Code", ""))
    return Seen(STATES.get(instance["State"]["Name"], MachineState.GONE), shown(reason))


def explain(code: str) -> AppError:
    """Return the error that EC2's code means; its message may have ids, so nobody else sees it."""
    if LACKS_CAPACITY(code):
        return NoCapacityError()
    if code.startswith("InvalidInstanceID"):
        return MachineGoneError()
    if BUSY(code):
        return ProviderUnavailableError()
    return ProviderRefusedError(f"The provider refuses what the service asks: {shown(code)}.")


def shown(code: str) -> str:
    """Return a code that clients may see: one word, which cannot be an id."""
    return code if is_code(code) else "no code"
