"""The setting that names the machines, and the operator's key."""

import sys
from pathlib import Path

import pytest

from app.kit.settings import SettingsError, load_settings
from app.settings import Settings
from app.showcases.machines.settings import Target

ID = "i-0123456789abcdef0"
URL = "http://10.0.0.5:8000/health/ready"
KEY = "a" * 32


@pytest.fixture(autouse=True)
def project_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test in a folder without any `.env` file."""
    monkeypatch.chdir(tmp_path)


def test_machines_are_named_with_id_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "big-2=i-0123abcd@https://[fd00::5]/health?deep=1"
    monkeypatch.setenv("MACHINES", f"gpu={ID}@{URL}, {other},")
    assert load_settings(Settings).targets == {
        "gpu": Target("gpu", ID, URL),
        "big-2": Target("big-2", "i-0123abcd", "https://[fd00::5]/health?deep=1"),
    }


def test_there_are_none_to_begin_with() -> None:
    assert load_settings(Settings).targets == {}


@pytest.mark.parametrize(
    "entry",
    [
        "gpu",
        f"gpu={ID}",
        f"={ID}@{URL}",
        f"GPU={ID}@{URL}",
        f"g_u={ID}@{URL}",
        f"{'g' * 33}={ID}@{URL}",
        f"gpu=i-0123@{URL}",
        f"gpu={ID}0@{URL}",
        f"gpu=I-0123456789abcdef0@{URL}",
        f"gpu={ID}@10.0.0.5:8000",
        f"gpu={ID}@ftp://10.0.0.5/",
        f"gpu={ID}@http://",
        f"gpu={ID}@http://user:hush@10.0.0.5/",
        f"gpu={ID}@http://10.0.0.5:99999/",
        f"gpu={ID}@http://10.0.0.5/#hush",
        f"gpu={ID}@http://10.0.0.5/a b",
    ],
)
def test_what_names_no_machine_is_refused_by_its_number(
    entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACHINES", f"first=i-01234567@{URL},{entry}")
    with pytest.raises(SettingsError, match="MACHINES: Input should be name=id@URL") as refused:
        load_settings(Settings)
    assert "entry 2 is not (set in the environment)" in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("entry", [f"gpu=i-01234567@{URL}", f"other={ID}@{URL}"])
def test_a_name_and_an_id_are_there_once(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACHINES", f"gpu={ID}@{URL},{entry}")
    with pytest.raises(SettingsError, match="each name and each id once; entry 2 repeats one"):
        load_settings(Settings)


def test_machines_without_boto3_keep_the_app_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert load_settings(Settings).machines == []
    monkeypatch.setenv("MACHINES", f"gpu={ID}@{URL}")
    with pytest.raises(SettingsError, match=r"MACHINES: .*: uv sync --group machines"):
        load_settings(Settings)


@pytest.mark.parametrize("key", ["short", "a" * 31, "ä" * 32, "a b" * 20])
def test_an_operators_key_is_strong_and_can_be_sent(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACHINES_ADMIN_KEY", key)
    with pytest.raises(SettingsError, match="MACHINES_ADMIN_KEY: Input should be at least 32"):
        load_settings(Settings)


@pytest.mark.parametrize("name", ["API_KEY", "API_KEY_OLD"])
def test_an_operators_key_is_not_every_clients(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "k" * 32)
    monkeypatch.setenv("MACHINES_ADMIN_KEY", KEY)
    assert load_settings(Settings).machines_admin_key
    monkeypatch.setenv(name, KEY)
    with pytest.raises(
        SettingsError, match="MACHINES_ADMIN_KEY must not be the API_KEY"
    ) as refused:
        load_settings(Settings)
    assert KEY not in str(refused.value)
