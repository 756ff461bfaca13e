"""What the lab refuses, and what it then says. Locust runs in processes of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from lab import cli
from lab.server import LabError, served
from lab.sweep import APP, BARE
from tests.conftest import ROOT

LOCUST = [sys.executable, "-m", "locust", "-f", "lab/locustfile.py", "--headless"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def python(code: str) -> str:
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_locust_finds_the_users_and_the_options() -> None:
    assert "Asker" in run(*LOCUST, "--list").stdout
    assert "invalid choice: 'nothing'" in run(*LOCUST, "--handler", "nothing").stderr


@pytest.mark.parametrize("host", ["http://192.0.2.1", "https://example.com", "http://localhost.x"])
def test_locust_asks_no_other_machine(host: str) -> None:
    done = run(*LOCUST, "--host", host)
    assert done.returncode == 1
    assert f"{host} is not this machine" in done.stderr
    assert "requests failed" not in done.stdout


def test_which_machines_are_this_one() -> None:
    hosts = ["http://127.0.0.1:80", "http://[::1]", "http://localhost", "http://10.0.0.1", "", None]
    code = f"from lab.locustfile import is_this_machine as f; print([f(h) for h in {hosts}])"
    assert python(code).strip() == "[True, True, True, False, False, False]"


def test_ten_more_users_each_second_up_to_a_thousand_for_two_minutes() -> None:
    code = """
from lab.locustfile import Ramp
ramp = Ramp()
for seconds in (0, 1.5, 99.5, 119, 121):
    ramp.get_run_time = lambda: seconds
    print(ramp.tick())
"""
    assert python(code).splitlines() == ["(10, 10)", "(20, 10)", "(1000, 10)", "(1000, 10)", "None"]


@pytest.mark.parametrize("seconds", ["0", "6", "-1", "long", "nan"])
def test_a_step_has_bounds(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["--seconds", seconds])
    assert "--seconds" in capsys.readouterr().err


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(SystemExit, match=r"needs wasps, hornets. Next: uv run --group lab lab"):
        cli.main([], needed=["wasps", "sys", "hornets"])


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="cannot be written to"):
        cli.main(["--out", str(tmp_path / "file" / "lab")])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_too_few_files_are_refused(tmp_path: Path) -> None:
    """Wrong rates are worse than none. The soft limit is no obstacle: it is raised first."""
    code = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))\n"
    few = f"from lab.cli import main; main(['--out', {str(tmp_path / 'lab')!r}])"
    done = run(sys.executable, "-c", code.format(hard=256) + few)
    assert done.returncode == 1
    assert "only 256 files here, and the lab needs 600" in done.stderr
    assert list((tmp_path / "lab").iterdir()) == []
    enough = "from lab.server import allow_many_connections as f; f(); "
    enough += "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    assert python(code.format(hard=700) + enough).strip() == "700"


def test_an_app_that_does_not_start_has_the_last_word() -> None:
    with (
        pytest.raises(LabError, match="THREAD_TOKENS: Input should be a valid integer"),
        served(APP, THREAD_TOKENS="none"),
    ):
        pytest.fail("it started")


async def ends(scope: Mapping[str, object], _: object, __: object) -> None:
    """Exit the process at the first request, as an ASGI app."""
    if scope["type"] == "http":
        os._exit(1)


def test_an_app_that_ends_in_the_middle_spoils_the_run() -> None:
    with (
        pytest.raises(LabError, match="ended in the middle"),
        served(f"{__name__}:ends") as host,
        pytest.raises(httpx2.TransportError),
    ):
        httpx2.get(host, trust_env=False)


@pytest.mark.parametrize("app", [APP, BARE])
def test_what_the_lab_serves_needs_no_model_and_leaves_your_data_alone(
    app: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yours = tmp_path / "yours.sqlite3"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{yours}")
    monkeypatch.setenv("MODELS_DIR", str(tmp_path / "nothing"))
    with served(app) as url:
        answer = httpx2.get(f"{url}/v1/concurrency/await?wait_ms=1")
    assert answer.status_code == 200
    assert not yours.exists()
