"""Settings: where a value comes from, what is refused, and that secrets stay secret."""

import random
import re
import runpy
from contextlib import suppress
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
        ("MODELS_DIR", "its default"),
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


@pytest.mark.parametrize("name", ["MODEL_BATCHSIZE", "CORS_ORIGIN", "API_KEYS"])
@pytest.mark.parametrize(
    "other", ["OPENAI_API_KEY", "MY_API_KEY", "HOSTNAME", "DB_PORT", "APP_ENVS_URL"]
)
def test_a_near_miss_in_the_environment_is_noticed(
    name: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    monkeypatch.setenv(other, "x")
    (line,) = find_misspelt(Settings)
    assert line.startswith(f"{name} in the environment is not a setting")


@pytest.mark.parametrize(
    "url",
    [
        "hush",
        "mysql://user:hush@host/app",
        "sqlite://hush",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:app?mode=memory",
        "sqlite:///var/",
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


@pytest.mark.parametrize("name", ["APP_ENV", "app_env"])
def test_app_env_may_stand_in_the_first_file(project_folder: Path, name: str) -> None:
    (project_folder / ".env").write_text(f"{name}=prod\n")
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


UNREADABLE = {
    "YAML": (b"PORT=1\n\nAPI_KEY: hush\n", "line 3, is not NAME=value. No colon"),
    "YAML without a blank": (b"API_KEY:hush=", "line 1, is not NAME=value"),
    "JSON": (b'{"API_KEY": "hush"}', "line 1, is not NAME=value"),
    "JSON in lines": (b'{\n  "API_KEY": "hush"\n}', "line 1, is not NAME=value"),
    "no equals sign": (b"# a comment\nhush", "line 2, is not NAME=value"),
    "of cmd.exe": (b"set API_KEY=hush", "line 1, is not NAME=value"),
    "of PowerShell": (b'$env:API_KEY="hush"', "line 1, is not NAME=value"),
    "a quote that does not close": (b'PORT=1\nAPI_KEY="hush\nWORKERS=2', "line 2, is not NAME="),
    "a quote in the middle of a line": (b"API_KEY='hu'sh", "line 1, is not NAME=value"),
    "UTF-16": ("API_KEY=hush".encode("utf-16"), "line 1, is not UTF-8. Save the file again"),
    "UTF-16 without its mark": ("API_KEY=hush".encode("utf-16-le"), "line 1, is not UTF-8"),
    "Latin-1": ("PORT=1\nAPI_KEY=hushé".encode("latin-1"), "line 2, is not UTF-8"),
    "two values": (b"API_KEY=hush1\nPORT=1\nAPI_KEY=hush2", "line 3: API_KEY already has another"),
    "small letters": (b"PORT=1\nport=2", "PORT and port in .env are the same setting. Keep one"),
    "two lines": (b'API_KEY="hush\nhush"', "API_KEY: Input should be visible ASCII"),
    "blanks around": (b'API_KEY=" hush"', "API_KEY: Input should be visible ASCII"),
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=list(UNREADABLE))
def test_a_file_that_cannot_mean_anything_stops_the_start(
    project_folder: Path, content: bytes, message: str
) -> None:
    (project_folder / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=re.escape(message)) as refused:
        load_settings(Settings)
    assert ".env" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_what_is_no_file_stops_the_start(project_folder: Path) -> None:
    (project_folder / ".env").mkdir()  # what Docker makes of a volume whose file is missing
    with pytest.raises(SettingsError, match=r"^\.env cannot be read: Is a directory"):
        load_settings(Settings)
    (project_folder / ".env").rmdir()
    (project_folder / ".env").symlink_to("nowhere")
    with pytest.raises(SettingsError, match=r"^\.env cannot be read: No such file"):
        load_settings(Settings)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("API_KEY='a${HOME}b'", "a${HOME}b"),
        ("API_KEY=a${HOME:-x}b", "a${HOME:-x}b"),
        ("API_KEY=$HOME", "$HOME"),
        ("API_KEY=a#b # a comment", "a#b"),
        ("API_KEY='a #b' # a comment", "a #b"),
        (r"API_KEY='a\tb\\'", "a\\tb\\"),
        (r'API_KEY="a\"b"', 'a"b'),
        ("export API_KEY = ab=c \r\n", "ab=c"),
        ("\ufeffapi_key=abc", "abc"),
        ("API_KEY=", None),
        ("API_KEY= # none", None),
    ],
)
def test_a_value_means_what_is_written(project_folder: Path, line: str, key: str | None) -> None:
    (project_folder / ".env").write_bytes(line.encode())
    read = load_settings(Settings).api_key
    assert (read and read.get_secret_value()) == key


def test_whatever_is_in_a_file_there_is_no_traceback(project_folder: Path) -> None:
    chance = random.Random(0)
    pieces = [b"API_KEY", b"PORT", b"=", b"1", b"'", b'"', b"#", b"\n", b"\r", b" ", b"\\", b"${x}"]
    for _ in range(300):
        content = chance.choices([*pieces, chance.randbytes(1), "é\u2028".encode()], k=20)
        (project_folder / ".env").write_bytes(b"".join(content))
        with suppress(SettingsError):
            assert [*report(load_settings(Settings)), *find_misspelt(Settings)]


WRONG = {
    "API_KEY of blanks": ("API_KEY", "   ", "visible ASCII characters"),
    "API_KEY in two lines": ("API_KEY", "a\nb", "visible ASCII characters"),
    "API_KEY with a blank": ("API_KEY", "ab ", "visible ASCII characters"),
    "API_KEY in Cyrillic": ("API_KEY", "ключ", "visible ASCII characters"),
    "half a character": ("MODELS_DIR", "var/\udcff", "one line that can be printed"),
    "an invisible blank": ("HOST", "127.0.0.1\u200b", "one line that can be printed"),
    "MODELS_DIR is a file": ("MODELS_DIR", __file__, "should be a folder; this is a file"),
    "no hosts": ("ALLOWED_HOSTS", ",", "at least 1 item"),
    **{
        f"ALLOWED_HOSTS={name}": ("ALLOWED_HOSTS", f"localhost,{name}", "names .*; entry 2 is not")
        for name in ("https://a.example", "a.example:80", "a.example/x", "*.", "a*", "::1", "ü.de")
    },
    **{
        f"CORS_ORIGINS={name}": ("CORS_ORIGINS", name, "origins such as .*; entry 1 is not")
        for name in (
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://*.a.example",
            "https://A.example",
            "https://a.example:443",
            "http://a.example:80",
            "null",
        )
    },
    **{
        f"WORKERS={value}": ("WORKERS", value, "Input should be")
        for value in ("inf", "nan", "true", "1.5", "0x2", "\uff12", "1__0", "2,0")
    },
    **{
        f"TASK_POLL_SECONDS={value}": ("TASK_POLL_SECONDS", value, "Input should be")
        for value in ("inf", "-inf", "nan", "true", "1s", "0,5")
    },
}


@pytest.mark.parametrize(("name", "value", "message"), WRONG.values(), ids=list(WRONG))
def test_what_can_never_work_stops_the_start(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=rf"{name}: .*{message}.*\(set in the environment\)"):
        load_settings(Settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", "A.example,*.b.example,[::1],my_host"),
        ("CORS_ORIGINS", "https://a.example:8443,http://localhost:3000,capacitor://localhost"),
        ("CORS_ORIGINS", "*"),
        ("API_KEY", "a b~!"),
        ("MAX_BODY_BYTES", " 1_024 "),  # as Python reads it
    ],
)
def test_what_can_work_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    load_settings(Settings)


def test_two_ways_to_write_a_setting_cannot_both_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("port", "2")
    with pytest.raises(SettingsError, match="in the environment are the same setting"):
        load_settings(Settings)


@pytest.mark.parametrize("key", ["", "short", "change-me-change-me-change-me-change-me"])
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_production_demands_a_key_of_its_own(
    environment: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ENV", environment)
    monkeypatch.setenv("API_KEY", key)
    with pytest.raises(SettingsError, match="API_KEY must be a key of your own") as refused:
        load_settings(Settings)
    assert "APP_ENV is set in the environment" in str(refused.value)


def test_production_starts_with_a_key() -> None:
    assert Settings(app_env="prod", host="0.0.0.0", api_key=SecretStr(KEY)).workers == 1


@pytest.mark.parametrize(("key", "old"), [(None, KEY), (KEY, "short")])
def test_an_old_key_is_refused_if_it_is_alone_or_weak(key: str | None, old: str) -> None:
    keys = {"api_key": key, "api_key_old": old}
    with pytest.raises(ValidationError, match="API_KEY_OLD must be as long as an API_KEY"):
        Settings.model_validate({"app_env": "prod" if key else "dev", **keys})


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


@pytest.mark.parametrize("models", ["app.model", "os:system;", "../x:y", ":f", "app:"])
def test_the_models_are_an_import_string(models: str) -> None:
    with pytest.raises(ValidationError, match="models"):
        Settings(models=models)


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
