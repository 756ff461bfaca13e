"""What is deployed on AWS Lambda: the templates, and a function that runs from its zip alone."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from threading import Thread
from typing import Any

import hcl2
import pytest
import yaml

from benchmarks.cold_start import KEY, Api, ask, variables_for
from support import ROOT, Bake, clean_environment, module, run, script, uv

OSLS = "osls@4.3.1"
KEY_OF_MONITORS = "{ $.status >= 500 && $.status != 501 }"


@pytest.fixture
def project(bake: Bake) -> Path:
    return bake(aws_lambda="yes")


def deployed(project: Path, name: str) -> Any:
    """Return what a template says, without the quotes that python-hcl2 leaves around texts."""
    text = (project / "deploy" / "aws-lambda" / name).read_text("utf-8")
    return unquoted(hcl2.loads(text)) if name.endswith(".tf") else yaml.safe_load(text)


def unquoted(value: Any) -> Any:
    if isinstance(value, dict):
        return {unquoted(name): unquoted(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [unquoted(inner) for inner in value]
    return value.strip('"') if isinstance(value, str) else value


def of_serverless(template: Any) -> dict[str, Any]:
    """Return what the function is given, by the names of the second template."""
    provider = template["provider"]
    return {
        "Handler": template["functions"]["api"]["handler"],
        "Runtime": provider["runtime"],
        "Architectures": [provider["architecture"]],
        "MemorySize": provider["memorySize"],
        "Timeout": provider["timeout"],
        "Variables": provider["environment"],
        "Filter": template["resources"]["Resources"]["ServerErrors"]["Properties"]["FilterPattern"],
    }


def of_sam(template: Any) -> dict[str, Any]:
    resources = template["Resources"]
    function = resources["Api"]["Properties"]
    names = ("Handler", "Runtime", "Architectures", "MemorySize", "Timeout")
    return {
        **{name: function[name] for name in names},
        "Variables": function["Environment"]["Variables"],
        "Filter": resources["ServerErrors"]["Properties"]["FilterPattern"],
    }


def of_tofu(template: Any) -> dict[str, Any]:
    found = {kind: body for resource in template["resource"] for kind, body in resource.items()}
    function = found["aws_lambda_function"]["api"]
    [environment] = function["environment"]
    return {
        "Handler": function["handler"],
        "Runtime": function["runtime"],
        "Architectures": function["architectures"],
        "MemorySize": function["memory_size"],
        "Timeout": function["timeout"],
        "Variables": environment["variables"],
        "Filter": found["aws_cloudwatch_log_metric_filter"]["server_errors"]["pattern"],
    }


SECRET = {"API_KEY", "DATABASE_URL"}  # each template is given them in its own way


def test_the_templates_deploy_the_same_function(project: Path) -> None:
    functions = [
        of_serverless(deployed(project, "serverless.yml")),
        of_sam(deployed(project, "template.yaml")),
        of_tofu(deployed(project, "main.tf")),
    ]
    for function in functions:
        assert function["Variables"].keys() >= SECRET
        for name in SECRET:
            function["Variables"][name] = "given"
    assert functions[1:] == functions[:1] * 2
    [function] = functions[:1]
    package = (project / "deploy" / "aws-lambda" / "package.py").read_text("utf-8")
    assert f'default="{function["Runtime"].removeprefix("python")}"' in package
    assert [f'PLATFORM = "{function["Architectures"][0]}-' in package] == [True]
    assert function["Filter"] == KEY_OF_MONITORS


def test_the_settings_in_the_templates_exist_and_start_the_function(project: Path) -> None:
    variables = of_sam(deployed(project, "template.yaml"))["Variables"]
    given = {name: str(value) for name, value in variables.items() if name not in SECRET}
    values = {"API_KEY": KEY, "AWS_LAMBDA_FUNCTION_NAME": "service", "DATABASE_URL": "", **given}
    run(module("app.models", "train"), project)
    run([sys.executable, "-W", "error", "-c", "import app.aws_lambda"], project, **values)
    said = run([sys.executable, "-m", "app.settings"], project, **values)
    for name, value in given.items():
        shown = re.search(rf"^{name} +(.*?) +from the environment$", said, re.M)
        assert shown, said
        assert shown[1].lower() == value


def test_the_linter_of_cloudformation_has_nothing_to_say(project: Path) -> None:
    run([script("cfn-lint"), project / "deploy" / "aws-lambda" / "template.yaml"], ROOT)


# What checkov recommends and the page leaves to the reader, or what is no fault here.
LEFT_TO_YOU = {
    "CKV_AWS_50": "X-Ray",
    "CKV_AWS_115": "a limit of containers at once, which an account may not have room for",
    "CKV_AWS_116": "a dead-letter queue: nobody calls it without waiting for the answer",
    "CKV_AWS_117": "a VPC: only who has a database there needs it",
    "CKV_AWS_158": "a key of one's own for the log",
    "CKV_AWS_173": "a key of one's own for the settings",
    "CKV_AWS_272": "signed code",
    **dict.fromkeys(
        ("CKV_AWS_18", "CKV_AWS_21", "CKV_AWS_144", "CKV_AWS_145", "CKV2_AWS_61", "CKV2_AWS_62"),
        "the bucket holds one file, which can be built again",
    ),
    "CKV_AWS_338": "a year of logs",
    "CKV_SECRET_4": "user:password in the description of a variable",
}


@pytest.mark.services
def test_a_linter_of_terraform_has_nothing_to_say_but_what_is_left_to_you(project: Path) -> None:
    file = project / "deploy" / "aws-lambda" / "main.tf"
    check = [uv(), "tool", "run", "--quiet", "--python", sys.executable, "checkov"]
    options = ["--compact", "--skip-download", "--skip-check", ",".join(LEFT_TO_YOU)]
    assert re.search(r"Passed checks: \d\d", run([*check, *options, "--file", file], ROOT))


@pytest.mark.services
def test_nor_has_it_of_what_the_serverless_framework_makes(project: Path) -> None:
    """Its command works without an account, up to the deployment itself."""
    (project / "build").mkdir()
    (project / "build" / "lambda.zip").touch()
    folder = project / "deploy" / "aws-lambda"
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "API_KEY": KEY}
    quiet = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"}
    said = run(["npx", "--yes", OSLS, "package"], folder, **keys, **quiet)
    assert "Invalid configuration" not in said
    made = folder / ".serverless" / "cloudformation-template-update-stack.json"
    run([script("cfn-lint"), made], ROOT)
    assert '"PathPart": "{proxy+}"' in made.read_text("utf-8")


@pytest.mark.long(1)
def test_a_function_runs_from_its_zip_alone(project: Path, tmp_path: Path) -> None:
    run(module("app.models", "train"), project)
    python = "{}.{}".format(*sys.version_info)
    path = f"{Path(uv()).parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    package = [sys.executable, "deploy/aws-lambda/package.py", "--python", python]
    archive = project / "build" / "lambda.zip"
    made = []
    for _ in range(2):
        said = run(package, project, PATH=path)
        assert re.match(r"build/lambda\.zip: \d+ MB, unpacked \d+ MB\n", said)
        made.append(archive.read_bytes())
        archive.unlink()
    assert made[0] == made[1]
    archive.write_bytes(made[0])
    task, runtime = tmp_path / "task", tmp_path / "runtime"
    with zipfile.ZipFile(archive) as file:
        file.extractall(task)
    run([uv(), "venv", "--quiet", "--python", sys.executable, runtime], tmp_path)
    own = runtime / "bin" / "python"
    run([uv(), "pip", "install", "--quiet", "--python", own, "awslambdaric"], tmp_path)
    before = {path: path.stat().st_mtime_ns for path in task.rglob("*")}
    first_answer(own, task, tmp_path / "log")
    assert {path: path.stat().st_mtime_ns for path in task.rglob("*")} == before


def first_answer(python: Path, task: Path, log: Path) -> None:
    """Start a function where it was unpacked, and have it answer; fail if it does not."""
    with Api() as api, log.open("w") as stream:
        Thread(target=api.serve_forever, daemon=True).start()
        environment = clean_environment(**variables_for(api), PYTHONDONTWRITEBYTECODE="")
        process = subprocess.Popen(
            [python, "-m", "awslambdaric", "app.aws_lambda.handler"],
            cwd=task,
            env=environment,
            stdout=stream,
            stderr=stream,
        )
        try:
            assert ask(api) > 0
        finally:
            process.kill()
            process.wait()
            api.shutdown()
