"""Settings: where a value comes from, what is refused, and that secrets stay secret."""

import runpy
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.kit.settings import SettingsError, env_files, find_misspelt, load_settings, report
from app.settings import Settings

KEY = "k" * 32


@pytest.fixture(autouse=True)
def project_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run the test in a folder without any `.env` file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_default_is_development_on_this_machine_alone() -> None:
    settings = load_settings(Settings)
    assert (settings.app_env, settings.host, settings.api_key) == ("dev", "127.0.0.1", None)


def test_the_environment_beats_the_second_file_which_beats_the_first(
    project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project_folder / ".env").write_text("PORT=1001\nWORKERS=2\nHOST=localhost\n")
    (project_folder / ".env.staging").write_text(f"PORT=1002\nWORKERS=3\nAPI_KEY={KEY}\n")
    monkeypatch.setenv("APP_ENV", "staging")
    monkeypatch.setenv("PORT", "1003")
    settings = load_settings(Settings)
    assert (settings.port, settings.workers, settings.host) == (1003, 3, "localhost")
    lines = "\n".join(report(settings))
    for name, origin in [
        ("PORT", "the environment"),
        ("WORKERS", ".env.staging"),
        ("HOST", ".env"),
        ("MODEL_DIR", "its default"),
    ]:
        (line,) = [line for line in lines.splitlines() if line.startswith(f"{name} ")]
        assert line.endswith(f"from {origin}")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("MODEL_BATCHSIZE=8", "MODEL_BATCH_SIZE"),
        ("workrs=2", "WORKERS"),
        ("TASK_DATABASE_URL=postgresql://host/app", "DATABASE_URL"),
        ("workers=2", ""),
        ("POSTGRES_PASSWORD=x\nFLOWER_BASIC_AUTH=a:b\nOTEL_SERVICE_NAME=iris", ""),
    ],
    ids=["one letter", "small letters", "an earlier name", "a setting", "of other programs"],
)
def test_a_misspelt_name_is_noticed(project_folder: Path, line: str, meant: str) -> None:
    (project_folder / ".env").write_text(line)
    name = line.partition("=")[0]
    warning = f"{name} in .env is not a setting and has no effect; {meant} is one."
    assert list(find_misspelt(Settings)) == ([warning] if meant else [])


@pytest.mark.parametrize(
    "url",
    [
        "hush",
        "mysql://user:hush@host/app",
        "sqlite://hush",
        "sqlite:///",
        "postgresql://",
        "postgres//user:hush@host/app",
        "postgresql://user:hu@sh@host/app",
        "postgresql://user:hu/sh@host/app",
        "postgresql://user:hu#sh@host/app",
        "postgresql://user:hu?sh@host/app",
    ],
)
def test_an_invalid_address_is_refused_without_repeating_any_of_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError, match="DATABASE_URL: Input should be sqlite:///") as refused:
        load_settings(Settings)
    assert "hu" not in str(refused.value)
    assert "sh@" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///var/app.sqlite3",
        "sqlite:////srv/app.sqlite3",
        "postgresql://host",
        "postgres://user:p%40ss@host:5432/app?sslmode=require",
        "postgresql:///app?host=/var/run/postgresql",
    ],
)
def test_an_address_is_taken_as_it_is_written(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert load_settings(Settings).database_url.get_secret_value() == url


def test_the_users_address_is_masked_and_the_default_is_not(
    project_folder: Path,
) -> None:
    assert "sqlite:///var/app.sqlite3" in "\n".join(report(load_settings(Settings)))
    (project_folder / ".env").write_text("DATABASE_URL=postgresql://user:hush@host/app")
    assert "hush" not in "\n".join(report(load_settings(Settings)))


def test_app_env_may_be_in_the_first_file(project_folder: Path) -> None:
    (project_folder / ".env").write_text("APP_ENV=prod\n")
    assert env_files() == (Path(".env"), Path(".env.prod"))


def test_an_unknown_app_env_is_not_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "../../etc/passwd")
    assert env_files() == (Path(".env"),)
    with pytest.raises(SettingsError, match="APP_ENV: Input should be 'dev', 'staging' or 'prod'"):
        load_settings(Settings)


def test_a_wrong_value_names_variable_rule_and_file(project_folder: Path) -> None:
    (project_folder / ".env").write_text("PORT=70000\nACCESS_LOG=perhaps\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(Settings)
    message = str(caught.value)
    assert "PORT: Input should be less than or equal to 65535 (set in .env)" in message
    assert "ACCESS_LOG: Input should be a valid boolean" in message
    assert "uv run python -m app.settings" in message


def test_a_file_that_cannot_be_read(project_folder: Path) -> None:
    (project_folder / ".env").write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(SettingsError, match="The settings cannot be read"):
        load_settings(Settings)


@pytest.mark.parametrize("key", ["", "short", "change-me-change-me-change-me-change-me"])
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_production_demands_a_key_of_its_own(
    environment: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ENV", environment)
    monkeypatch.setenv("API_KEY", key)
    with pytest.raises(SettingsError, match="API_KEY must be a key of your own"):
        load_settings(Settings)


def test_production_starts_with_a_key() -> None:
    assert Settings(app_env="prod", host="0.0.0.0", api_key=SecretStr(KEY)).workers == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_without_a_key_no_other_machine_is_served(host: str) -> None:
    with pytest.raises(ValidationError, match="API_KEY must be set when HOST is reachable"):
        Settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_without_a_key_this_machine_is_served(host: str) -> None:
    assert Settings(host=host).api_key is None


@pytest.mark.parametrize(
    ("text", "names"), [("a.example, b.example", ["a.example", "b.example"]), ("*", ["*"])]
)
def test_lists_are_written_with_commas(
    text: str, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", text)
    assert load_settings(Settings).allowed_hosts == names


@pytest.mark.parametrize("loader", ["app.model", "os:system;", "../x:y", ":f", "app:"])
def test_the_loader_is_an_import_string(loader: str) -> None:
    with pytest.raises(ValidationError, match="model_loader"):
        Settings(model_loader=loader)


def test_no_text_of_the_settings_shows_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", KEY)
    settings = load_settings(Settings)
    assert KEY not in repr(settings) + str(settings) + settings.model_dump_json()
    assert KEY not in "\n".join(report(settings))
    monkeypatch.setenv("API_KEY", "hunter2")
    monkeypatch.setenv("APP_ENV", "prod")
    with pytest.raises(SettingsError) as caught:
        load_settings(Settings)
    assert "hunter2" not in str(caught.value)


def test_the_command_prints_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(Path(__file__).parents[1] / "app" / "settings.py"), run_name="__main__")
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [name.upper() for name in Settings.model_fields]


def test_the_command_fails_on_a_wrong_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "none")
    with pytest.raises(SystemExit, match="PORT"):
        runpy.run_path(str(Path(__file__).parents[1] / "app" / "settings.py"), run_name="__main__")
