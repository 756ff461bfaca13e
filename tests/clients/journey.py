"""What a user of the generated Python client does; `tests/test_clients.py` checks and runs it."""

import json
import sys
from collections.abc import Iterator
from io import BytesIO
from uuid import UUID

from service_client import AuthenticatedClient
from service_client.api.models import list_models
from service_client.api.predictions import (
    create_prediction,
    list_predictions,
    predict,
    read_prediction,
    remove_prediction,
)
from service_client.api.tasks import download_result, submit_batch_prediction, watch_task
from service_client.models import (
    BodySubmitBatchPrediction,
    Features,
    IrisPrediction,
    IrisPredictionPage,
    Problem,
    StoredIrisPrediction,
    Task,
    TaskState,
)
from service_client.types import File

CSV = b"sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n5.1,3.5,1.4,0.2\n"


def flower(petal_width_cm: float = 0.2) -> Features:
    """Return a flower."""
    return Features(5.1, 3.5, 1.4, petal_width_cm)


def demand_predictions(client: AuthenticatedClient) -> None:
    """Ask for a row and for a list, and keep, list, read and remove a prediction."""
    one = predict.sync(client=client, body=flower())
    assert isinstance(one, IrisPrediction)
    assert one.probabilities["setosa"] > 0.9
    two = predict.sync(client=client, body=[flower(), flower(29)])
    assert isinstance(two, list)
    assert [len(prediction.warnings) for prediction in two] == [0, 1]
    kept = create_prediction.sync(client=client, body=flower())
    assert isinstance(kept, StoredIrisPrediction)
    page = list_predictions.sync(client=client, limit=1)
    assert isinstance(page, IrisPredictionPage)
    assert page.items == [kept]
    assert read_prediction.sync(kept.id, client=client) == kept
    assert remove_prediction.sync_detailed(kept.id, client=client).status_code == 204
    missing = read_prediction.sync(kept.id, client=client)
    assert isinstance(missing, Problem)
    assert (missing.status, missing.type_) == (404, "urn:problem:PredictionNotFound")


def events(client: AuthenticatedClient, task_id: UUID) -> Iterator[Task]:
    """Yield the task at each change."""
    request = watch_task._get_kwargs(task_id)
    with client.get_httpx_client().stream(**request) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield Task.from_dict(json.loads(line.removeprefix("data: ")))


def demand_a_task(client: AuthenticatedClient) -> None:
    """Upload a CSV, wait by its events, and read the result."""
    file = File(BytesIO(CSV), "flowers.csv", "text/csv")
    body = BodySubmitBatchPrediction(file)
    task = submit_batch_prediction.sync(client=client, body=body)
    assert isinstance(task, Task)
    *_, last = events(client, task.id)
    assert last.state is TaskState.SUCCEEDED
    assert last.progress == 1
    result = download_result.sync(task.id, client=client)
    assert isinstance(result, str)
    assert result.splitlines()[1].startswith("5.1,3.5,1.4,0.2,setosa,0.9")
    stream = watch_task.sync(task.id, client=client)
    assert isinstance(stream, str)
    assert "event: succeeded" in stream


def with_key(url: str, key: str) -> AuthenticatedClient:
    """Return a client that sends this key."""
    return AuthenticatedClient(url, token=key, prefix="", auth_header_name="X-API-Key")


def demand_problems(client: AuthenticatedClient, url: str) -> None:
    """Read the fields of a refusal, also of one that is documented as any other error."""
    refused = predict.sync(client=client, body=flower(31))
    assert isinstance(refused, Problem)
    assert isinstance(refused.errors, list)
    assert [(field.pointer, field.rule) for field in refused.errors] == [
        ("/petal_width_cm", "less_than_equal")
    ]
    problem = list_models.sync(client=with_key(url, "wrong"))
    assert isinstance(problem, Problem)
    assert problem.status == 401
    elsewhere = client.with_headers({"Host": "elsewhere.example.org"})
    problem = list_models.sync(client=elsewhere)
    assert isinstance(problem, Problem)
    assert problem.status == 400


def main(url: str, key: str) -> None:
    """Use the whole client."""
    client = with_key(url, key)
    demand_predictions(client)
    demand_a_task(client)
    demand_problems(client, url)


if __name__ == "__main__":
    main(*sys.argv[1:])
