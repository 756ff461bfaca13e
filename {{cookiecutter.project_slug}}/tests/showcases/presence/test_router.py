"""The presence routes, their events, and the header that refreshes a session."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.kit.settings import SettingsError, load_settings
from app.main import create_app
from app.settings import Settings
from app.showcases.presence.schemas import Present
from app.showcases.presence.service import watch
from app.showcases.presence.store import PresenceStore
from app.storage.calls import Call
from app.storage.connection import StorageUnavailableError
from tests.conftest import LOCAL
from tests.fakes import HEADER, csv_row
from tests.showcases.presence.test_store import names, pass_time
from tests.storage.helpers import Changed, opened
from tests.test_errors import assert_problem

PATH = "/v1/presence"
EVENTS = f"{PATH}/events"
SESSION = {"X-Presence-Session": "a"}


def join(client: TestClient, name: str = "ada", session: str = "a") -> httpx2.Response:
    """Register or refresh a session."""
    answer = client.put(f"{PATH}/{name}", params={"session": session})
    assert answer.status_code == 200
    return answer


def listed(client: TestClient) -> dict[str, int]:
    """Return how many sessions each person has."""
    return {item["name"]: item["sessions"] for item in client.get(PATH).json()["items"]}


def test_a_session_joins_is_refreshed_and_leaves(client: TestClient) -> None:
    joined = join(client).json()
    assert joined | {"name": "ada", "session": "a", "refresh_seconds": 30.0} == joined
    join(client)
    join(client, session="b")
    assert listed(client) == {"ada": 2}
    for _ in range(2):
        answer = client.delete(f"{PATH}/ada", params={"session": "a"})
        assert (answer.status_code, answer.content) == (204, b"")
        assert listed(client) == {"ada": 1}


def test_the_service_makes_a_session_for_whoever_has_none(client: TestClient) -> None:
    one, other = (client.put(f"{PATH}/ada").json()["session"] for _ in range(2))
    assert one != other
    assert join(client, session=one).json()["session"] == one
    assert listed(client) == {"ada": 2}


def test_every_time_has_its_zone(client: TestClient) -> None:
    joined = join(client).json()
    [person] = client.get(PATH).json()["items"]
    times = {**joined, **person}
    for name in ("joined_at", "seen_at", "expires_at", "since", "last_seen"):
        assert datetime.fromisoformat(times[name]).utcoffset() == timedelta(0), name


@pytest.mark.parametrize("name", ["a" * 65, "a%0Ab", "%00", "%E2%80%AEada", "%7F"])
def test_a_name_can_be_read(client: TestClient, name: str) -> None:
    problem = assert_problem(client.put(f"{PATH}/{name}?session=a"), 422)
    assert problem["errors"][0]["pointer"] == "/name"
    assert_problem(client.delete(f"{PATH}/{name}?session=a"), 422)


@pytest.mark.parametrize("name", ["a" * 64, "Zoë%20M.", "%E9%9F%93", "events"])
def test_a_name_may_be_in_any_script(client: TestClient, name: str) -> None:
    assert client.put(f"{PATH}/{name}?session=a").status_code == 200


@pytest.mark.parametrize("session", ["", "a" * 65, "a b", "a\n", "ä", "a/b"])
def test_a_session_is_short_and_plain(client: TestClient, session: str) -> None:
    for method in ("PUT", "DELETE"):
        answer = client.request(method, f"{PATH}/ada", params={"session": session})
        problem = assert_problem(answer, 422)
        assert problem["errors"][0]["pointer"] == "/session"


def test_another_persons_session_is_a_conflict(client: TestClient) -> None:
    join(client)
    problem = assert_problem(client.put(f"{PATH}/bob?session=a"), 409)
    assert problem["title"] == "Session Taken"


def test_a_full_house_says_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.showcases.presence.store.MOST_SESSIONS", 1)
    join(client)
    problem = assert_problem(client.put(f"{PATH}/bob"), 409)
    assert problem["title"] == "Presence Full"
    join(client)


@pytest.mark.parametrize("seconds", ["2", "86401", "long"])
def test_a_wrong_time_to_live_names_the_setting(
    seconds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESENCE_SECONDS", seconds)
    with pytest.raises(SettingsError, match="PRESENCE_SECONDS: Input should be"):
        load_settings(Settings)


def test_the_time_to_live_is_three_heartbeats(settings: Settings) -> None:
    short = settings.model_copy(update={"presence_seconds": 3})
    with TestClient(create_app(short), base_url=LOCAL) as client:
        assert join(client).json()["refresh_seconds"] == 1.0


# events


def test_the_first_event_is_the_list_and_is_not_sent_again(client: TestClient) -> None:
    join(client)
    client.app_state["tasks"].engine.stopping.set()  # ends the stream
    answer = client.get(EVENTS)
    assert answer.headers["content-type"].startswith("text/event-stream")
    [(event, number)] = re.findall(r"event: (\w+)\ndata: .*\"ada\".*\nid: (\w+)", answer.text)
    assert event == "present"
    join(client)  # a mere refresh
    assert client.get(EVENTS, headers={"Last-Event-ID": number}).text == ""
    join(client, session="b")
    assert '"sessions":2' in client.get(EVENTS, headers={"Last-Event-ID": number}).text


def out_of_order(call: Call) -> None:
    """Stand for a storage that does not answer."""
    raise StorageUnavailableError from RuntimeError(f"{call} fails")


def test_an_outage_before_the_first_event_is_a_problem(settings: Settings) -> None:
    app = create_app(settings, open_storage=lambda s: Changed(s, {"present": out_of_order}))
    with TestClient(app, base_url=LOCAL) as client:
        assert_problem(client.get(EVENTS), 503)


async def next_names(stream: AsyncIterator[Present]) -> dict[str, int]:
    """Return what the next event says."""
    return names(await asyncio.wait_for(anext(stream), 10))


@pytest.mark.anyio
async def test_each_change_is_an_event_and_a_refresh_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.showcases.presence.service.LOOK_SECONDS", 0.01)
    with opened(tmp_path / "app.sqlite3") as storage:
        store, stopping = PresenceStore(storage, 90), asyncio.Event()
        stream = aiter(watch(store, await store.present(), None, stopping))
        assert await next_names(stream) == {}
        await store.join("ada", "a")
        assert await next_names(stream) == {"ada": 1}
        event = asyncio.ensure_future(next_names(stream))
        for _ in range(5):
            await store.join("ada", "a")
            await asyncio.sleep(0.05)
        assert not event.done()
        await store.join("bob", "b")
        assert await event == {"ada": 1, "bob": 1}
        await store.leave("ada", "a")
        assert await next_names(stream) == {"bob": 1}
        pass_time(store, 91)
        assert await next_names(stream) == {}
        stopping.set()
        assert [present async for present in stream] == []


# work that refreshes a session


def aged(client: TestClient) -> PresenceStore:
    """Join, and let a minute pass."""
    store: PresenceStore = client.app_state["presence"]
    join(client)
    pass_time(store, 60)
    return store


def is_refreshed(client: TestClient) -> bool:
    """Tell whether the session was seen after that minute."""
    [person] = client.get(PATH).json()["items"]
    since, seen = (datetime.fromisoformat(person[name]) for name in ("since", "last_seen"))
    return seen - since > timedelta(seconds=50)


def test_work_that_is_submitted_refreshes_the_session(client: TestClient) -> None:
    aged(client)
    assert not is_refreshed(client)
    answer = client.post("/v1/tasks/wait", json={"seconds": 0}, headers=SESSION)
    assert answer.status_code == 202
    assert is_refreshed(client)


def test_so_does_an_upload_but_not_a_look(client: TestClient) -> None:
    aged(client)
    client.get("/v1/tasks", headers=SESSION).raise_for_status()
    assert not is_refreshed(client)
    rows = {"file": f"{HEADER}\n{csv_row()}\n".encode()}
    answer = client.post("/v1/tasks/batch-prediction", files=rows, headers=SESSION)
    assert answer.status_code == 202
    assert is_refreshed(client)


@pytest.mark.parametrize("session", ["unknown", "a b", "\xff" * 300, ""])
def test_a_strange_session_refuses_no_work(client: TestClient, session: str) -> None:
    headers = {b"X-Presence-Session": session.encode("latin-1")}
    answer = client.post("/v1/tasks/wait", json={"seconds": 0}, headers=headers)
    assert answer.status_code == 202
    assert listed(client) == {}


def test_an_outage_of_presence_refuses_no_work(settings: Settings) -> None:
    app = create_app(settings, open_storage=lambda s: Changed(s, {"refresh": out_of_order}))
    with TestClient(app, base_url=LOCAL) as client:
        answer = client.post("/v1/tasks/wait", json={"seconds": 0}, headers=SESSION)
        assert answer.status_code == 202


def test_without_the_key_nothing_is_refreshed(settings: Settings) -> None:
    key = "k" * 32
    locked = settings.model_copy(update={"api_key": SecretStr(key)})
    with TestClient(create_app(locked), base_url=LOCAL) as client:
        client.headers["X-API-Key"] = key
        aged(client)
        without = {**SESSION, "X-API-Key": "x"}
        answer = client.post("/v1/tasks/wait", json={"seconds": 0}, headers=without)
        assert_problem(answer, 401)
        assert not is_refreshed(client)


def test_a_web_page_may_send_the_header(settings: Settings) -> None:
    origin = "https://page.example"
    app = create_app(settings.model_copy(update={"cors_origins": [origin]}))
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,idempotency-key,x-presence-session",
    }
    with TestClient(app, base_url=LOCAL) as client:
        assert client.options("/v1/tasks/wait", headers=asked).status_code == 200
