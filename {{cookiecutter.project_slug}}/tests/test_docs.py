"""Every setting and every route is documented, and what the pages say is what the code does."""

import os
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from app.main import create_app
from app.settings import Settings
from tests.conftest import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
# What compose.yaml, Flower and FastAPI itself read; the service does not.
OF_OTHER_PROGRAMS = {
    "postgres_password",
    "flower_basic_auth",
    "fastapi_otel_auto_configure",
    "otel_exporter_otlp_endpoint",
    "response_stream",
}


def rule(field: FieldInfo) -> str:
    """Return the bounds of a setting, as the page writes them."""
    bounds = {type(bound).__name__: bound for bound in field.metadata}
    if "Ge" in bounds and "Le" in bounds:
        return f"{bounds['Ge'].ge} to {bounds['Le'].le}"
    return ", ".join(get_args(field.annotation)) if get_origin(field.annotation) is Literal else ""


def default(field: FieldInfo) -> str:
    """Return the default of a setting, as a file would have it."""
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, list):
        value = ",".join(value)
    return (
        ""
        if value in (None, "")
        else f"`{str(value).lower() if value in (True, False) else value}`"
    )


def every_setting() -> dict[str, FieldInfo]:
    """Return the settings of the service, and of the features that have their own class."""
    classes = [c for c in BaseSettings.__subclasses__() if c.__module__.startswith("app.")]
    return dict(chain(Settings.model_fields.items(), *(c.model_fields.items() for c in classes)))


def test_every_setting_is_on_a_page() -> None:
    pages = "".join(path.read_text() for path in DOCS.glob("*.md"))
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) ?\| (.*?) ?\| (.*?) \|$", pages, re.M)
    expected = [
        (name.upper(), rule(field), default(field), field.description)
        for name, field in every_setting().items()
    ]
    assert sorted(rows) == sorted(expected)


def test_a_setting_of_another_program_is_none_of_ours() -> None:
    assert not OF_OTHER_PROGRAMS & every_setting().keys()


def test_every_setting_in_an_example_exists() -> None:
    for example in (".env.example", ".env.prod.example"):
        names = re.findall(r"^([A-Z_]+)=", (ROOT / example).read_text(), re.M)
        assert names
        unknown = {name.lower() for name in names} - Settings.model_fields.keys()
        assert unknown <= OF_OTHER_PROGRAMS


def test_every_variable_of_compose_is_a_setting() -> None:
    compose = ROOT / "compose.yaml"
    text = compose.read_text() if compose.exists() else ""
    names = {name.lower() for name in re.findall(r"^ +([A-Z_]+): ", text, re.M)}
    assert names - {"postgres_user"} <= every_setting().keys() | OF_OTHER_PROGRAMS


def routes(settings: Settings) -> dict[str, set[str]]:
    """Return each route as `METHOD /path`, with the statuses that it documents."""
    found: dict[str, set[str]] = {}
    for path, operations in create_app(settings).openapi()["paths"].items():
        for method, operation in operations.items():
            named = re.sub("/models/(flower|letter)", "/models/{name}", path)
            found[f"{method.upper()} {named}"] = operation["responses"].keys() - {"default"}
    return found


def test_every_route_is_on_its_page_with_its_answers(settings: Settings) -> None:
    rows = re.findall(
        r"^\| `([A-Z]+ /.*?)` \| .* \| (.*?) \|$", (DOCS / "api.md").read_text(), re.M
    )
    assert {route: set(answers.split(", ")) for route, answers in rows} == routes(settings)


def test_the_bounds_are_in_the_document(settings: Settings) -> None:
    width = create_app(settings).openapi()["components"]["schemas"]["Flower"]["properties"]
    assert {"exclusiveMinimum": 0, "maximum": 30.0, "unit": "cm"}.items() <= width[
        "petal_width_cm"
    ].items()


def test_the_pages_work_without_the_internet(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http" not in re.sub(r"https?://www\.w3\.org", "", page)
    for address in re.findall(r'(?:src|href)="(.*?)"', page):
        assert client.get(address).status_code == 200


def test_the_pages_can_be_switched_off(settings: Settings) -> None:
    plain = create_app(settings.model_copy(update={"docs_enabled": False}))
    with TestClient(plain, base_url="http://localhost") as client:
        for address in ("/docs", "/openapi.json", "/docs/assets/swagger-ui.css", "/redoc"):
            assert client.get(address).status_code == 404


def test_the_readmes_map_is_the_folder() -> None:
    block = re.search(r"```text\napp/\n(.*?)^\w", PAGES[0].read_text(), re.M | re.S)
    assert block
    names = re.findall(r"^  ([\w./]+)  +\S", block[1], re.MULTILINE)
    files = {path.name for path in (ROOT / "app").glob("*.py")} - {"__init__.py"}
    rooms = {f"{path.parent.name}/" for path in (ROOT / "app").glob("*/__init__.py")}
    assert set(names[: len(files)]) == files, "files first"
    assert set(names[len(files) :]) == rooms
    assert len(names) == len({*names})


def test_every_page_is_in_the_readme() -> None:
    links = re.findall(r"\]\(docs/(.*?)\)", PAGES[0].read_text())
    assert {path.name for path in PAGES[1:]} == set(links)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_on_a_page_exists(page: Path) -> None:
    text = page.read_text()
    shown = set(re.findall(r"^```python\n# (\S+)$", text, re.MULTILINE))  # for the reader to write
    named = set(re.findall(r"(?<![\w./<-])((?:app|docs|tests)/[\w./-]*[\w/])", text))
    shown |= {f"{path.parent}/" for path in map(Path, shown)}
    assert [name for name in sorted(named - shown) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_on_a_page_exists(page: Path) -> None:
    """Or is a constant of the code, such as a limit of the tests."""
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", page.read_text()))
    known = {name.upper() for name in {*every_setting(), *OF_OTHER_PROGRAMS}}
    sources = [path for folder in ("app", "tests") for path in (ROOT / folder).rglob("*.py")]
    defined = re.findall(r"^([A-Z_]+)\b.* = ", "\n".join(p.read_text() for p in sources), re.M)
    assert named - known - set(defined) == set()


def is_answered(route: str, method: str, path: str) -> bool:
    """Tell whether this route is the one; a path alone may also be where routes begin."""
    its_method, its_path = route.split()
    pattern = re.sub(r"\{\w+\}", "[^/]+", its_path)
    begins = not method and its_path.startswith(f"{path}/")
    return method in ("", its_method) and (begins or re.fullmatch(pattern, path) is not None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_route_on_a_page_exists(page: Path, settings: Settings) -> None:
    with_files = settings.model_copy(update={"models": "tests.predictions.test_uploads:SERVED"})
    known = [*routes(settings), *routes(with_files)]
    named = re.findall(r"(?:`([A-Z]*) ?|:8000)(/(?:v1|health)(?![\w-])[\w{}/-]*)", page.read_text())
    for method, path in named:
        assert any(is_answered(route, method, path) for route in known), f"{method} {path}"


def blocks(page: str) -> dict[str, str]:
    """Return the Python files that a page shows, by their paths."""
    found = re.findall(
        r"```python\n# ((?:app|tests)/.*?\.py)\n(.*?)```", (DOCS / page).read_text(), re.S
    )
    return dict(found)


FILES = ("features", "train")
ASK_THEM = """
from fastapi.testclient import TestClient
from app.main import app
with TestClient(app, base_url="http://localhost") as client:
    bottle = {"alcohol_percent": 14.2, "malic_acid_g_per_l": 1.7, "color_intensity": 5.6}
    print(client.post("/v1/predictions", json=bottle).json()["label"])
    patient = {"age": 59, "body_mass_index": 32, "blood_pressure": 101, "log_triglycerides": 4.9}
    print(100 < client.post("/v1/models/progression/predict", json=patient).json()["value"] < 250)
    words = {"text": "a lovely evening"}
    print(client.post("/v1/models/mood/predictions", json=words).json()["good"])
    for name, question in (("wine", bottle), ("progression", patient), ("mood", words)):
        text = ",".join(question) + "\\n" + ",".join(map(str, question.values())) + "\\n"
        files, params = {"file": text.encode()}, {"model": name}
        task = client.post("/v1/tasks/batch-prediction", files=files, params=params).json()
        client.get(f"/v1/tasks/{task['id']}/events")
        print(client.get(f"/v1/tasks/{task['id']}/result").text.splitlines()[0])
"""


def copy_app(folder: Path, page: str, *paths: str) -> None:
    """Copy the app to a folder, with these files as the page shows them."""
    shutil.copytree(ROOT / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    for path in paths:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(blocks(page)[path])


def python(folder: Path, *words: str, **variables: str) -> str:
    """Run Python in this folder, without the settings of the person who runs the tests."""
    known = Settings.model_fields
    clean = {name: value for name, value in os.environ.items() if name.lower() not in known}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**clean, **variables},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


OWN_MODELS = [
    *(f"app/models/{name}/{file}.py" for name in ("wine", "progression") for file in FILES),
    *(f"app/models/mood/{file}.py" for file in ("__init__", "train")),
    "app/models/__init__.py",
]


def test_the_page_about_your_own_model_works_to_the_letter(tmp_path: Path) -> None:
    copy_app(tmp_path, "own-model.md", *OWN_MODELS)
    rooms = [path for path in (tmp_path / "app").rglob("*.py") if "models" not in path.parts]
    others = [path.parent for path in (tmp_path / "app/models").glob("*/features.py")]
    for other in others:
        named = any(f"app.models.{other.name}" in path.read_text() for path in rooms)
        if f"app/models/{other.name}/features.py" not in OWN_MODELS and not named:
            shutil.rmtree(other)
    python(tmp_path, "-m", "app.models", "train", "--model", "wine")
    python(tmp_path, "-m", "app.models", "train")
    assert python(tmp_path, "-c", ASK_THEM).splitlines() == [
        "Barolo",
        "True",
        "True",
        "alcohol_percent,malic_acid_g_per_l,color_intensity,label,probability_Barolo,"
        "probability_Grignolino,probability_Barbera",
        "age,body_mass_index,blood_pressure,log_triglycerides,value",
        "text,good,certainty",
    ]
    shutil.copytree(ROOT / "tests", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    test = tmp_path / "tests/models/wine/test_wine.py"
    test.parent.mkdir(exist_ok=True)
    (test.parent / "__init__.py").touch()
    test.write_text(blocks("own-model.md")["tests/models/wine/test_wine.py"])
    assert "1 passed" in python(tmp_path, "-m", "pytest", "-q", "tests/models/wine")
    shutil.rmtree(tmp_path / "var/models/mood")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        python(tmp_path, "-c", ASK_THEM)
    assert "uv run python -m app.models train --model mood" in caught.value.stderr


COUNT_PRIMES = """
from fastapi.testclient import TestClient
from app.main import app
with TestClient(app, base_url="http://localhost") as client:
    print(client.post("/v1/tasks/count-primes", json={"below": 1}).status_code)
    task = client.post("/v1/tasks/count-primes", json={"below": 10_000}).json()
    client.get(f"/v1/tasks/{task['id']}/events")
    print(client.get(f"/v1/tasks/{task['id']}").json()["result"])
"""


def test_the_page_about_tasks_adds_a_kind_to_the_letter(tmp_path: Path) -> None:
    copy_app(tmp_path, "tasks.md", "app/tasks/kinds/count_primes.py")
    registry = tmp_path / "app/tasks/kinds/registry.py"
    text = registry.read_text()
    added = re.findall(r"^ (.*\n)\+(.*\n)", (DOCS / "tasks.md").read_text(), re.M)
    assert len(added) == 2
    for before, line in added:
        assert before in text
        text = text.replace(before, before + line)
    registry.write_text(text)
    real = {"MODELS": "tests.fakes:MODELS"}
    shutil.copytree(ROOT / "tests", tmp_path / "tests")
    printed = python(tmp_path, "-c", COUNT_PRIMES, **real)
    assert printed.splitlines() == ["422", "{'primes': 1229}"]
