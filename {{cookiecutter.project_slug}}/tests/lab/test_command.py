"""What the lab refuses, and what it says then. Locust runs in processes of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab import cli
from lab.server import LabError, served
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


def test_ten_users_more_each_second_up_to_a_thousand_for_two_minutes() -> None:
    code = """
from lab.locustfile import Ramp
ramp = Ramp()
for seconds in (0, 1.5, 99.5, 119, 121):
    ramp.get_run_time = lambda: seconds
    print(ramp.tick())
"""
    assert python(code).splitlines() == ["(10, 10)", "(20, 10)", "(1000, 10)", "(1000, 10)", "None"]


@pytest.mark.parametrize("seconds", ["0", "6", "-1", "long", "nan"])
def test_a_step_has_bounds(
    seconds: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["lab", "--seconds", seconds])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert "--seconds" in capsys.readouterr().err


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["lab"])
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "locust" else name)
    with pytest.raises(SystemExit, match=r"needs locust. Next: uv run --group lab lab"):
        cli.main()


def test_a_folder_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["lab", "--out", str(tmp_path / "file" / "lab")])
    with pytest.raises(SystemExit, match="cannot be written to"):
        cli.main()


def test_an_app_that_does_not_start_has_the_last_word() -> None:
    with (
        pytest.raises(LabError, match="THREAD_TOKENS: Input should be a valid integer"),
        served("app.main:app", THREAD_TOKENS="none"),
    ):
        pytest.fail("it started")


def test_an_app_that_ends_in_the_middle_spoils_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(process: "subprocess.Popen[bytes]", _: Path) -> str:
        process.kill()
        process.wait()
        return "http://127.0.0.1"

    monkeypatch.setattr("lab.server.address", killed)
    with pytest.raises(LabError, match="ended in the middle"), served("lab.stand_ins:bare"):
        pass
