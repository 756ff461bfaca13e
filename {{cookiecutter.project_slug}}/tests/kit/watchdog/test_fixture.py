"""The fixture that fails a test whose code blocks the loop, tried on tests inside these tests."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = "from tests.conftest import anyio_backend, loop_stays_free"
HEADER = """\
import asyncio
import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

pytestmark = pytest.mark.usefixtures("loop_stays_free")
app = FastAPI()

@app.get("/blocks")
async def blocks() -> str:
    time.sleep(1.5)  # the culprit
    return "late"

@app.get("/waits")
async def waits() -> str:
    await asyncio.sleep(1.5)
    return "in time"

@app.get("/threads")
def threads() -> str:
    time.sleep(1.5)
    return "in time"
"""
GOOD = """
@pytest.mark.parametrize("path", ["/waits", "/threads"])
def test_good(path):
    assert TestClient(app).get(path).json() == "in time"
"""
BAD = """
def test_bad():
    assert TestClient(app).get("/blocks").json() == "late"
"""
BAD_WITHOUT_AN_APP = """
def test_bad():
    async def main():
        time.sleep(1.5)  # the culprit
    asyncio.run(main())
"""
BAD_AND_ASYNC = """
@pytest.mark.anyio
async def test_bad():
    time.sleep(1.5)  # the culprit
"""


@pytest.fixture(autouse=True)
def loop_stays_free() -> None:
    """Switch the fixture off here: the tests inside these tests have the real one."""


def run(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    """Run a file of tests in this process, and return the result."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(HEADER + test)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider")


def test_code_that_waits_as_it_should_passes(pytester: pytest.Pytester) -> None:
    run(pytester, GOOD).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("test", "name"), [(BAD, "blocks"), (BAD_WITHOUT_AN_APP, "main"), (BAD_AND_ASYNC, "test_bad")]
)
def test_code_that_blocks_fails_with_file_and_line(
    test: str, name: str, pytester: pytest.Pytester
) -> None:
    result = run(pytester, test)
    result.assert_outcomes(passed=1, errors=1)
    lines = (HEADER + test).splitlines()
    number = max(n for n, line in enumerate(lines, 1) if "the culprit" in line)
    result.stdout.fnmatch_lines(
        [
            f"*.{name} blocked the event loop for * ms:",
            f"  */test_code*.py:{number}: time.sleep(1.5)  # the culprit",
        ]
    )
