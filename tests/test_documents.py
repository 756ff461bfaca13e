"""What a document names exists: paths, links, modules, routes, settings, commands and classes.

This is checked in each edition, in a course with every exercise solved, and in this repository.
Documents are pages, docstrings, comments, and what programs say.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

from documents import House, Said
from support import EDITIONS, ROOT, TEMPLATE, Bake, module, run, tracked, tree

# What documents may name even though it is not there, and why.
ELSEWHERE = {
    "rows.csv": "docs/tasks.md has its reader make it",
    "model.txt": "docs/model-files.md: LightGBM writes it",
    "model.json": "docs/model-files.md: XGBoost writes it",
    "save_model": "a method of both",
    "naive.py": "the lesson of chapter 07 has its reader make it",
    "learners.txt": "course/teach.md has its reader make it",
    "ko.toml": "course/learn/terminal/catalogues/en.toml says how to make it",
    ".github/workflows/": "course/teach.md says what to copy there",
    "course/solution.json": "written when a course is generated",
    "solution.json": "the same",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "FastAPI's own variable",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "OpenTelemetry's own variable",
    "MYPY_CACHE_DIR": "mypy's own variable",
    "RUFF_NO_CACHE": "ruff's own variable",
    "PENDING": "Celery's own state",
    "predict_v1_predict_post": "a name as FastAPI itself would make it",
    "app/celsius/router.py": "docs/aws-lambda.md has its reader make it",
    "/v1/celsius": "the same",
    "RESPONSE_STREAM": "AWS's own name of a way to answer",
    "HttpUser": "Locust's; importing it here would patch sockets",
}


def of_project(project: Path) -> House:
    """Return a generated project, whose documents speak of itself."""
    files = {name: project / name for name in sorted(tree(project))}
    return House(files, set(files), project)


def of_repository() -> House:
    """Return the template's own pages and programs, which also speak of the project in its folder.

    The changelog is history: what it names may be gone.
    """
    own = {name: ROOT / name for name in sorted(tracked(ROOT)) if not name.startswith("{{")}
    project = {name: TEMPLATE / name for name in sorted(tracked(TEMPLATE))}
    return House(project | own, own.keys() - {"CHANGELOG.md"}, TEMPLATE)


@pytest.fixture(scope="session", params=[*EDITIONS, "repository"])
def house(request: pytest.FixtureRequest, bake: Bake) -> House:
    if request.param == "repository":
        return of_repository()
    house = of_project(bake(**EDITIONS[request.param]))
    if request.param == "course":
        run(module("learn", "--plain", "teach", "open", "--yes"), house.app, PYTHONPATH="course")
    return house


def fail_for(missing: Iterable[Said]) -> None:
    """Fail with a line for each of these names, unless it is known to be elsewhere."""
    found = sorted({str(said) for said in missing if said.text not in ELSEWHERE})
    if found:
        pytest.fail("\n".join(["These do not exist:", *found]), pytrace=False)


# In a sentence a path starts at the top; between backticks the end of a path is enough.
PATH = re.compile(
    r"(?<![\w./<-])(?:app|tests|docs|lab|course|hooks|scripts|benchmarks)/[\w.*/-]*[\w*/]"
)
FILE = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*(?:/|\.(?:py|md|toml|json|html|ya?ml|csv|svg|txt))")


def test_every_path_exists(house: House) -> None:
    named = [*house.find(PATH), *house.spans(FILE)]
    fail_for(said for said in named if not house.has_place(said.text))


LINK = re.compile(r"(?<=\]\()([^)\s:]+)(?=\))")


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(house: House, link: Said) -> bool:
    """Tell whether the target exists, seen from the folder of the page, and has the heading."""
    name, _, heading = link.text.partition("#")
    page = house.files[link.document]
    target = page.parent / name if name else page
    return target.exists() and (not heading or heading in anchors(target.read_text("utf-8")))


def test_every_link_leads_somewhere(house: House) -> None:
    links = (link for link in house.find(LINK) if link.document.endswith(".md"))
    fail_for(link for link in links if not leads_somewhere(house, link))


MODULE = re.compile(r"(?:app|lab|tests|learn|benchmarks)(?:\.\w+)+(?::\w+)?")


def test_every_module_exists(house: House) -> None:
    fail_for(said for said in house.spans(MODULE) if not house.has_module(said.text))


ROUTE = re.compile(
    r"(?:\b[A-Z]+ )?(?:(?<=:8000)|(?<![\w./}:>-]))/(?:v1|health|docs|openapi\.json)\b[\w{}/…-]*"
)


def test_every_route_exists(house: House) -> None:
    """Leave out the exchanges in lessons: they are real, and some show that a route is missing."""
    texts = (text.without_blocks("http") for text in house.texts)
    named = ((said, said.text.rpartition(" ")) for text in texts for said in text.find(ROUTE))
    fail_for(said for said, (method, _, path) in named if not house.has_route(method, path))


SETTING = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
SHORT_SETTING = re.compile(r"[A-Z]{3,}(?:=\S*)?")


def test_every_setting_and_constant_exists(house: House) -> None:
    fail_for(said for said in house.find(SETTING) if said.text not in house.variables)


def test_every_short_word_in_capitals_exists(house: House) -> None:
    """A setting such as `PORT=8001`, and a word of HTTP or SQL."""
    named = house.spans(SHORT_SETTING)
    fail_for(said for said in named if not house.has_word(said.text.split("=")[0]))


CLASS = re.compile(r"([A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+)(?:\W.*)?")
FUNCTION = re.compile(r"(?:[\w.]+\.)?([a-z]*_\w+)(?:\(.*\))?")


@pytest.mark.parametrize("pattern", [CLASS, FUNCTION], ids=["class", "function"])
def test_every_class_and_function_exists(house: House, pattern: re.Pattern[str]) -> None:
    named = ((said, pattern.fullmatch(said.text)) for said in house.spans(pattern))
    fail_for(said for said, match in named if match and not house.has_word(match[1]))


UV_RUN = re.compile(r"\buv run (?:--[\w-]+[= ]\S+ )*([\w-][^\n`#|>;,:()…'\"\\]*)")
PYTHON_RUN = re.compile(r"\bpython -m ([\w.]+\w)")
MAKE = re.compile(r"(?:(?<=`)|^)make (?:[A-Z]+=\S+ )*([a-z][a-z-]*)", re.MULTILINE)


def test_every_program_exists(house: House) -> None:
    """The project's own programs also know each verb and option that a document gives them."""
    programs = {"python", *(script.name for script in entry_points(group="console_scripts"))}
    named = [(said, UV_RUN.sub(r"\1", said.text).split()) for said in house.find(UV_RUN)]
    own = [(said, words) for said, words in named if words[0] in house.scripts]
    refused = house.refused([words for _, words in own])
    fail_for(said for said, words in named if words[0] not in {*programs, *house.scripts})
    fail_for(said for said, words in own if words in refused)


def test_every_module_that_is_run_exists(house: House) -> None:
    for said in house.find(PYTHON_RUN):
        name = said.text.split()[-1]
        assert house.has_module(name) or find_spec(name.split(".")[0]), said


def test_every_target_of_make_exists(house: House) -> None:
    makefile = house.files["Makefile"].read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    fail_for(said for said in house.find(MAKE) if said.text.split()[-1] not in targets)


def test_what_is_elsewhere_is_named_and_not_here() -> None:
    """An entry that no document needs must go."""
    own = of_repository()
    project = of_project(TEMPLATE)
    texts = "\n".join(text.text for house in (own, project) for text in house.texts)
    assert [name for name in ELSEWHERE if name not in texts] == []
    here = project.files.keys() | project.words
    assert [name for name in ELSEWHERE if name in here] == []


def table(page: Path, *columns: str) -> Iterator[list[str]]:
    """Yield the rows of the page's table that has these columns, cell by cell."""
    head = re.escape(f"| {' | '.join(columns)} |")
    found = re.search(rf"^{head}\n\|[-| ]+\|\n((?:\|.*\n)+)", page.read_text("utf-8"), re.MULTILINE)
    assert found, f"{page} has no table of {columns}"
    return ([cell.strip() for cell in row.strip("|").split(" | ")] for row in found[1].splitlines())


def test_the_courses_readme_has_its_chapters(bake: Bake) -> None:
    project = bake(edition="course")
    rows = dict(table(project / "README.md", "chapter", "you write"))
    chapters = sorted((project / "course" / "chapters").iterdir())
    names = [path.name.removeprefix("ch").replace("_", " ") for path in chapters]
    assert [name.replace("-", " ") for name in rows] == names
    for chapter, row in zip(chapters, rows.values(), strict=True):
        facts = tomllib.loads((chapter / "chapter.toml").read_text("utf-8"))
        files = {target.split(":")[0] for target in facts.get("targets", [])}
        named = re.findall(r"`(app/.*?)`", row)
        assert all(any(file.startswith(name) for name in named) for file in files), chapter
        assert all(any(file.startswith(name) for file in files) for name in named), chapter


def test_contributing_has_every_test() -> None:
    rows = dict(table(ROOT / "CONTRIBUTING.md", "file", "what it proves"))
    tests = {f"`tests/{path.name}`" for path in (ROOT / "tests").glob("test_*.py")}
    assert rows.keys() == tests


# The rooms of the app, from what is yours to what is only there for speed.
ROOMS = ("models/", "predictions/", "tasks/", "serving/", "storage/", "kit/", "showcases/")


def listed(page: Path, first: str, indent: str = "") -> list[str]:
    """Return the names in a page's map: the first word of each line, in the block that opens so."""
    block = re.search(rf"^```\w*\n({first}.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    assert block, f"{page} has no map"
    return re.findall(rf"^{indent}([\w{{}}.][^ \n]*)(?:  +\S.*)?$", block[1], re.MULTILINE)


def folders(places: Iterable[str]) -> set[str]:
    """Return the top folders of these files, without those that tools keep for themselves."""
    return {f"{name.split('/')[0]}/" for name in places if "/" in name and name[0] != "."}


def test_the_projects_map_is_its_folders(house: House) -> None:
    """The project's own tests compare the files; this compares the order and the other folders."""
    page = house.app / "README.md"
    rooms = [name for name in listed(page, "app/", "  ") if name.endswith("/")]
    assert rooms == [room for room in ROOMS if (house.app / "app" / room).is_dir()]
    own = tree(house.app) if house.app != TEMPLATE else tracked(TEMPLATE)
    assert set(listed(page, "app/")) == {*folders(own), "var/"}


def test_the_repositorys_map_is_its_folders() -> None:
    tops = {name.split("/")[0] for name in listed(ROOT / "README.md", "cookiecutter.json")}
    assert {f"{top}/" for top in tops - {"cookiecutter.json"}} == folders(tracked(ROOT))


def test_what_the_hook_removes_is_there() -> None:
    """The hook silently skips a path that does not exist."""
    source = ast.parse((ROOT / "hooks" / "pre_gen_project.py").read_text("utf-8"))
    values = {
        target.id: node.value
        for node in source.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    paths = " ".join(ast.literal_eval(values["PRUNED"]).values()).split()
    paths += [ast.literal_eval(values["NOT_IN_A_COURSE"])]
    assert len(paths) > 10
    assert [path for path in paths if not (TEMPLATE / path).exists()] == []
