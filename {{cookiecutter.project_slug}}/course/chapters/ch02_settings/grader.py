"""Chapter 02: the app is started with nothing set, with files, with variables, and with both."""

import re
from functools import cache

from chapters.ch02_settings.places import WORDS, Site
from learn.grading.exchange import Exchange
from learn.grading.lab import CheckFailed, Lab, Server, check
from learn.grading.process import CannotGrade, NotStarted
from learn.grading.server import as_json

PREDICT = "/v1/predict"
DOCUMENT = "/openapi.json"
LARGEST_BODY = 262_144
DEFAULTS = {"app_env": "dev", "port": 8000, "workers": 1, "docs_enabled": True}


@cache
def site(lab: Lab) -> Site:
    return Site(lab)


def started(lab: Lab, name: str) -> Server:
    """Wait for one of the servers that have something set, and return it."""
    server = site(lab).servers[name]
    server.wait_until_started()
    return server


def ask(lab: Lab, server: Server, size: int = 0) -> Exchange:
    """Ask for a prediction, with the key, in a body of at least `size` bytes."""
    body = as_json(lab.flower()).ljust(size)
    return server.post(PREDICT, body, {"X-API-Key": site(lab).key})


def demand_limit(lab: Lab, server: Server, limit: int, why: str, setting: str) -> None:
    """Demand that the server accepts bodies up to this limit, and no larger ones."""
    for size, status in ((limit, 200), (limit + 1, 413)):
        answer = ask(lab, server, size)
        if answer.status != status:
            sent = f"{setting}; then a body of {size} bytes"
            raise CheckFailed(why, sent=sent, got=answer.answer, expected=str(status), limit=limit)


def as_text(variables: dict[str, str]) -> str:
    """Write variables as they go before a command, without the key that some need."""
    return " ".join(f"{name}={value}" for name, value in variables.items() if name != "API_KEY")


@check("defaults")
def nothing_is_set(lab: Lab) -> None:
    server = site(lab).with_nothing
    server.wait_until_started()
    server.get(DOCUMENT).expect(200, why="docs-default")
    server.post(PREDICT, lab.flower()).expect(200, why="no-key")
    demand_limit(lab, server, LARGEST_BODY, "limit-default", "nothing is set")
    [case] = site(lab).cases("nothing")
    for name, expected in DEFAULTS.items():
        found = (case.values or {}).get(name)
        if str(found).lower() != str(expected).lower():  # another check looks at its type
            got = f"{name.upper()}={found}"
            raise CheckFailed("default", sent="nothing is set", got=got, expected=str(expected))


@check("not-at-import")
def an_import_reads_nothing(lab: Lab) -> None:
    if not site(lab).trial["imported"]:
        sent = 'PORT=none python -c "import app.settings"'
        raise CheckFailed("import", sent=sent, got="an error", expected="no error yet")


@check("env-file")
def the_file_is_read(lab: Lab) -> None:
    limit = site(lab).in_file
    setting = f"MAX_BODY_BYTES={limit} in .env"
    demand_limit(lab, started(lab, "file"), limit, "file", setting)


@check("environment")
def the_environment_beats_the_file(lab: Lab) -> None:
    weak, strong = site(lab).in_file, site(lab).in_environment
    setting = f"MAX_BODY_BYTES={weak} in .env, {strong} in the environment"
    demand_limit(lab, started(lab, "both"), strong, "environment", setting)


@check("refused")
def wrong_values_stop_the_start(lab: Lab) -> None:
    for case in site(lab).cases("accepted"):
        if case.values is None:
            sent = as_text(case.variables)
            raise CheckFailed("possible", sent=sent, got="refused", expected="accepted")
    for case in site(lab).cases("refused"):
        if case.values is not None:
            sent = as_text(case.variables)
            raise CheckFailed("impossible", sent=sent, got="accepted", expected="refused")
    demand_no_start(lab)


def demand_no_start(lab: Lab) -> None:
    """Demand that the server with a wrong value fails, and names the variable as it exits."""
    sent, name = as_text(site(lab).wrong), next(iter(site(lab).wrong))
    server = site(lab).servers["wrong"]
    try:
        server.wait_until_started()
    except (NotStarted, CannotGrade):
        status = server.process.wait()
    else:
        raise CheckFailed("served", sent=sent, got="a running app", expected="no start")
    if status == 0:
        raise CheckFailed("status", sent=sent, got="exit status 0", expected="another one")
    if not re.search(rf"\b{name}\b", server.log_text):
        last = server.log_text.rstrip().rpartition("\n")[2]
        raise CheckFailed("unnamed", sent=sent, got=last, expected=f"{name}: ...", name=name)


@check("secret")
def the_key_is_in_no_text(lab: Lab) -> None:
    key = site(lab).key
    server = started(lab, "two files")
    [case] = site(lab).cases("key")
    _, report = site(lab).report.result()
    keep_secret(key, report, "python -m app.settings")
    keep_secret(key, case.text, "repr(settings) or settings.model_dump_json()")
    ask(lab, server).expect(200, why="key")
    server.post(PREDICT, lab.flower()).expect(401, why="key")
    for path in (DOCUMENT, "/docs", "/health/ready"):
        keep_secret(key, server.get(path).body.decode("utf-8", "replace"), path)
    keep_secret(key, server.log_text, "the log of the app")


def keep_secret(key: str, text: str, place: str) -> None:
    """Fail if the key can be read in the text."""
    if key in text:
        got = around(key, text)
        raise CheckFailed("shown", sent=place, got=got, expected="**********", place=place)


def around(word: str, text: str) -> str:
    """Return a word in a text, with a little of its line on either side."""
    line = next(line for line in text.splitlines() if word in line)
    at = line.index(word)
    return " ".join(line[max(at - 40, 0) : at + len(word) + 10].split())


@check("words")
def yes_and_no_are_no_texts(lab: Lab) -> None:
    answer = started(lab, "file").get(DOCUMENT)
    if answer.status != 404:
        sent = f"DOCS_ENABLED=false in .env; then GET {DOCUMENT}"
        raise CheckFailed("words", sent=sent, got=str(answer.status), expected="404")
    for case, expected in zip(site(lab).cases("words"), WORDS.values(), strict=True):
        value = (case.values or {}).get("docs_enabled")
        if value is not expected:
            sent = as_text(case.variables)
            raise CheckFailed("words", sent=sent, got=repr(value), expected=repr(expected))


@check("quoted")
def no_message_quotes_a_value(lab: Lab) -> None:
    values = (site(lab).short_key, site(lab).slip)
    for case, value in zip(site(lab).cases("slips"), values, strict=True):
        if value in case.text:
            name = "".join(name for name, set_to in case.variables.items() if set_to == value)
            got = around(value, case.text)
            raise CheckFailed("quoted", sent=f"{name}={value}", got=got, value=value)


@check("app-env")
def a_file_for_each_place(lab: Lab) -> None:
    limit, other = site(lab).in_staging, site(lab).in_prod
    setting = f"APP_ENV=staging in .env, MAX_BODY_BYTES={limit} in .env.staging"
    demand_limit(lab, started(lab, "two files"), limit, "second-file", setting)
    [case] = site(lab).cases("prod")
    found = (case.values or {}).get("max_body_bytes")
    if found != other:
        sent = f"MAX_BODY_BYTES={other} in .env.prod, APP_ENV=prod in the environment"
        raise CheckFailed("other-file", sent=sent, got=str(found), expected=str(other))
