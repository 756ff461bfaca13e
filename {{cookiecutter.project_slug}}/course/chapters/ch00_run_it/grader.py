"""Chapter 00: the learner's own model is trained, served and queried, and its answers are kept."""

import json
from functools import cache

from learn.grading.exchange import Json
from learn.grading.lab import CheckFailed, Lab, Server, check

PREDICT = "/v1/predict"
PREDICTIONS = "/v1/predictions"


@cache
def card(lab: Lab) -> dict[str, Json]:
    """Return the card of the model that the learner trained."""
    place = "var/models/iris/current"
    current = lab.project / place
    if not current.exists():
        raise CheckFailed("untrained", got=f"no {place}", expected=place)
    folder = current.parent / current.read_text(encoding="utf-8").strip()
    try:
        found = json.loads((folder / "card.json").read_bytes())
        files = [folder / name for name in found["files"]]
        complete = all(path.exists() for path in files) and isinstance(found["labels"], list)
    except (OSError, ValueError, KeyError, TypeError):
        complete = False
    if not complete:
        got = f"a {place} that does not fit"
        raise CheckFailed("incomplete", got=got, expected="the model next to its card")
    return dict(found)


@cache
def served(lab: Lab) -> Server:
    """Serve the app with the learner's model."""
    return lab.keep(models=None, models_dir=lab.project / "var/models")


@check("trained")
def model_is_trained(lab: Lab) -> None:
    card(lab)


@check("ready")
def app_is_ready(lab: Lab) -> None:
    version = card(lab)["version"]
    served(lab).get("/health/ready").expect(200, {"model_version": version}, why="ready")


@check("predicts")
def model_answers(lab: Lab) -> None:
    answer = served(lab).post(PREDICT, lab.flower()).expect(200, why="label")
    labels = card(lab)["labels"]
    body = answer.json if isinstance(answer.json, dict) else {}
    probabilities = body.get("probabilities")
    if not isinstance(probabilities, dict) or set(probabilities) != set(labels):
        answer.fail(f"200 with a probability of each of {', '.join(labels)}", why="label")
    if body.get("label") != max(probabilities, key=lambda label: probabilities[label]):
        answer.fail("200 with the most probable label", why="label")
    total = sum(probabilities.values())
    if abs(total - 1) > 0.001:
        answer.fail("200 with probabilities that add up to 1", why="sum", total=total)


@check("kept")
def predictions_are_kept(lab: Lab) -> None:
    flower = lab.flower()
    stored = served(lab).post(PREDICTIONS, flower).expect(201, {"features": flower}, why="kept")
    found = served(lab).get(f"{PREDICTIONS}/{stored.json['id']}")
    found.expect(200, stored.json, why="kept")
    served(lab).get(PREDICTIONS).expect(200, {"items": [stored.json]}, why="kept")
