"""A function as AWS Lambda runs it: started once, frozen, asked by other things than clients."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.aws_lambda.events import balancer, function_url, http, plain_balancer, rest
from tests.aws_lambda.runtime import HOST, SENT, Function, FunctionError, function, request
from tests.conftest import end, start
from tests.fakes import FLOWER

ODD = "tests.aws_lambda.odd.handler"


def lines(log: Path) -> list[dict[str, Any]]:
    """Return what the function has logged."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def problem(result: dict[str, Any]) -> tuple[int, str]:
    """Return status and detail of a problem."""
    found = json.loads(result["body"])
    assert result["statusCode"] == found["status"]
    return found["status"], found["detail"]


def test_the_model_is_opened_once_and_never_closed(tmp_path: Path) -> None:
    with function(tmp_path / "log", ODD) as served:
        for _ in range(3):
            result = served.call(rest(request("POST", "/v1/predict", FLOWER)))
            assert result["statusCode"] == 200
    events = [line["event"] for line in lines(tmp_path / "log")]
    assert (events.count("opened"), events.count("closed")) == (1, 0)


def test_a_stream_of_events_is_refused_at_once(tmp_path: Path) -> None:
    with function(tmp_path / "log", ODD) as served:
        before = time.monotonic()
        status, detail = problem(served.call(http(request("GET", "/odd/clock"))))
        assert time.monotonic() < before + 10
        assert (status, "poll instead" in detail) == (501, True)
        assert served.call(http(request("GET", "/health/live")))["statusCode"] == 200


def test_what_takes_too_long_is_answered_before_the_function_is_killed(tmp_path: Path) -> None:
    with function(tmp_path / "log", ODD) as served:
        late = served.call(http(request("GET", "/odd/slow?seconds=60")), seconds=2)
        in_time = served.call(http(request("GET", "/odd/slow?seconds=0.1")), seconds=2)
    assert problem(late)[0] == 504
    assert (in_time["statusCode"], in_time["body"]) == (200, "0.1")


@pytest.mark.parametrize(("way", "status"), [("stop", 504), ("fail", 500)])
def test_whatever_ends_an_answer_halfway_is_a_problem(
    way: str, status: int, tmp_path: Path
) -> None:
    with function(tmp_path / "log", ODD) as served:
        result = served.call(http(request("GET", f"/odd/halves?then={way}")), seconds=2)
        assert problem(result)[0] == status
        assert served.call(http(request("GET", "/health/live")))["statusCode"] == 200
    ids = result["headers"]["x-request-id"], json.loads(result["body"])["request_id"]
    assert ids[0] == ids[1]
    told = [line for line in lines(tmp_path / "log") if line.get("route") == "/odd/halves"]
    assert [line["status"] for line in told] == [status]


def test_what_fails_after_the_answer_changes_nothing_about_it(tmp_path: Path) -> None:
    with function(tmp_path / "log", ODD) as served:
        result = served.call(rest(request("POST", "/odd/later", {})))
    assert (result["statusCode"], result["body"]) == (202, '"accepted"')
    assert any("invalid literal" in line.get("exception", "") for line in lines(tmp_path / "log"))


def test_an_answer_that_lambda_cannot_send_is_a_problem(tmp_path: Path) -> None:
    most = 6 * 2**20
    with function(tmp_path / "log", ODD) as served:
        large, small = (
            served.call(rest(request("GET", f"/odd/large?size={size}")))
            for size in (most // 2, most // 2 - 2**16)  # a quote takes two bytes in JSON
        )
    assert problem(large)[0] == 501
    assert "content-disposition" not in large["multiValueHeaders"]
    assert large["multiValueHeaders"]["content-length"] == [str(len(large["body"]))]
    assert large["multiValueHeaders"]["x-request-id"] == [json.loads(large["body"])["request_id"]]
    assert (small["statusCode"], len(json.dumps(small)) < most) == (200, True)


def test_queries_and_cookies_arrive_as_they_were_sent(tmp_path: Path) -> None:
    sent = [*SENT, ("Cookie", "x=1"), ("Cookie", "y=2")]
    asked = request("GET", "/odd/seen?q=a%20b%2Bc&q=%C3%A9%26", headers=sent)
    with function(tmp_path / "log", ODD) as served:
        results = [served.call(shape(asked)) for shape in (rest, http, function_url, balancer)]
        last = served.call(plain_balancer(asked))
    for result in results:
        assert json.loads(result["body"]) == {"q": ["a b+c", "é&"], "cookie": "x=1; y=2"}
    assert json.loads(last["body"]) == {"q": ["é&"], "cookie": "y=2"}
    made = ["a=1; Path=/; SameSite=lax", "b=2; Path=/; SameSite=lax"]
    assert results[0]["multiValueHeaders"]["set-cookie"] == made
    assert results[1]["cookies"] == made
    assert [v for n, v in last["headers"].items() if n.lower() == "set-cookie"] == made


def test_a_header_is_what_a_server_would_send(tmp_path: Path) -> None:
    with function(tmp_path / "log", ODD) as served:
        result = served.call(http(request("GET", "/odd/city")))
    assert (result["statusCode"], result["headers"]["x-city"]) == (200, "Zürich")


def test_a_parameter_of_a_route_may_have_any_name(tmp_path: Path) -> None:
    asked = rest(request("GET", "/odd/seen")) | {
        "resource": "/odd/{a-name.of_it}",
        "pathParameters": {"a-name.of_it": "seen"},
    }
    with function(tmp_path / "log", ODD) as served:
        assert served.call(asked)["statusCode"] == 200


def test_an_answer_without_a_body_has_no_type(tmp_path: Path) -> None:
    with function(tmp_path / "log", ODD) as served:
        result = served.call(http(request("DELETE", "/odd/nothing")))
    assert (result["statusCode"], result["body"]) == (204, "")
    assert "content-type" not in result["headers"]


@pytest.mark.parametrize("host", ["[::1]:8080", "a:b:c", f"{HOST}:none"])
def test_whatever_host_a_client_names_there_is_an_answer(host: str, tmp_path: Path) -> None:
    sent = [("Host", host), *SENT[1:], ("X-Forwarded-Port", "none")]
    with function(tmp_path / "log") as served:
        result = served.call(balancer(request("GET", "/v1/model", headers=sent)))
    assert result["statusCode"] == 200


def test_what_keeps_a_function_warm_is_no_request(tmp_path: Path) -> None:
    scheduled = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events"}
    with function(tmp_path / "log") as served:
        assert served.call(scheduled) is None
        assert served.call({"source": "serverless-plugin-warmup"}) is None


def test_an_event_that_is_no_request_is_not_swallowed(tmp_path: Path) -> None:
    message = {"eventSource": "aws:sqs", "body": "{}"}
    with function(tmp_path / "log") as served:
        socket = {"requestContext": {"routeKey": "$connect", "connectionId": "a"}, "headers": {}}
        others: list[object] = [{"Records": [message]}, {"source": "aws.s3"}, socket, {}, [], "a"]
        for event in others:
            with pytest.raises(FunctionError, match="answers HTTP requests"):
                served.call(event)
        assert served.call(http(request("GET", "/health/live")))["statusCode"] == 200


def test_tasks_cannot_run_in_the_function(tmp_path: Path) -> None:
    with function(tmp_path / "log", TASK_CONCURRENCY="4") as served:
        with pytest.raises(FunctionError, match="TASK_CONCURRENCY=0"):
            served.result()
        assert served.process.wait(30) != 0


def test_nor_in_a_container_there(tmp_path: Path) -> None:
    process = start(tmp_path, AWS_LAMBDA_FUNCTION_NAME="service")
    assert process.stderr
    assert "TASK_CONCURRENCY=0" in process.stderr.read()
    end(process)
    assert process.returncode == 1


def test_without_a_database_nothing_is_accepted_that_would_be_lost(tmp_path: Path) -> None:
    with function(tmp_path / "log") as served:
        assert served.call(http(request("GET", "/health/ready")))["statusCode"] == 200
        for asked in (
            request("POST", "/v1/predictions", FLOWER),
            request("GET", "/v1/predictions"),
            request("POST", "/v1/tasks/wait", {"seconds": 0}),
            request("GET", "/v1/tasks"),
        ):
            status, detail = problem(served.call(http(asked)))
            assert (status, "DATABASE_URL" in detail) == (501, True)


def test_a_setting_that_cannot_work_is_named(tmp_path: Path) -> None:
    expected = pytest.raises(FunctionError, match="API_KEY must be a key of your own")
    with function(tmp_path / "log", API_KEY="short") as served, expected:
        served.result()


def test_logs_can_be_filtered_by_route_and_by_status(tmp_path: Path) -> None:
    with function(tmp_path / "log", ODD) as served:
        ask(served, 501, "/odd/clock")
        ask(served, 422, "/odd/slow?seconds=none")
        ask(served, 404, "/none")
    seen = [(line["route"], line["status"]) for line in lines(tmp_path / "log") if "route" in line]
    assert seen == [("/odd/clock", 501), ("/odd/slow", 422), (None, 404)]


def ask(served: Function, status: int, path: str) -> None:
    """Ask for a path, and expect this status."""
    assert served.call(http(request("GET", path)))["statusCode"] == status
