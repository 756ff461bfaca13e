"""Chapter 01: impossible values are refused before the model sees them."""

from typing import Any

from learn.grading.lab import LENGTHS, CheckFailed, Lab, check

PREDICT = "/v1/predict"
NAMES = tuple(LENGTHS)
LARGEST = 30
RULES = {"exclusiveMinimum": 0, "maximum": LARGEST}


def any_name(lab: Lab) -> str:
    return lab.random.choice(NAMES)


def refuse(lab: Lab, body: object, why: str, **facts: object) -> None:
    lab.app.post(PREDICT, body).expect(422, why=why, **facts)


@check("accepts")
def accepts_what_can_be(lab: Lab) -> None:
    possible: list[float] = [LARGEST, 30.0, 0.001, 5, round(lab.random.uniform(0.01, 29.99), 2)]
    lab.app.post(PREDICT, lab.flower()).expect(200, why="accepts")
    for value in possible:
        flower = lab.flower(**{any_name(lab): value})
        lab.app.post(PREDICT, flower).expect(200, why="accepts")


@check("names")
def knows_its_names(lab: Lab) -> None:
    for name in NAMES:
        refuse(lab, lab.flower(**{name: None}), "missing", name=name)
    refuse(lab, {}, "missing", name="everything")
    word = lab.word()
    refuse(lab, lab.flower(**{word: 1.0}), "unknown", name=word)
    refuse(lab, lab.flower(petal_width_cn=1.0), "unknown", name="petal_width_cn")


@check("types")
def takes_numbers_alone(lab: Lab) -> None:
    for value in ("5.1", lab.word(), "", True, False, [5.1], {"cm": 5.1}):
        flower = lab.flower(**{any_name(lab): value})
        refuse(lab, flower, "type", value=repr(value))
    for name in NAMES:
        refuse(lab, lab.flower() | {name: None}, "type", value="null")


@check("bounds")
def keeps_to_the_bounds(lab: Lab) -> None:
    for name in NAMES:
        for value in (0, -0.1, -round(lab.random.uniform(1, 100), 1)):
            refuse(lab, lab.flower(**{name: value}), "low", value=value)
        for value in (30.01, 31, 250, round(lab.random.uniform(40, 1e6), 1)):
            refuse(lab, lab.flower(**{name: value}), "high", value=value)


@check("not-a-number")
def refuses_what_only_python_reads(lab: Lab) -> None:
    for value in ("NaN", "Infinity", "-Infinity", "1e999"):
        members = (f'"{name}": {value if name == NAMES[0] else 1.5}' for name in NAMES)
        refuse(lab, ("{" + ", ".join(members) + "}").encode(), "number", value=value)


@check("kept")
def keeps_the_value(lab: Lab) -> None:
    for value in (round(lab.random.uniform(9, 29), 3), 0.05):  # the probe saw 0.1 to 8
        name = any_name(lab)
        answer = lab.app.post(PREDICT, lab.flower(**{name: value}))
        answer.expect(200, {"warnings": [{"name": name, "value": value}]}, why="kept", value=value)


@check("documented")
def documents_its_rules(lab: Lab) -> None:
    document = lab.app.get("/openapi.json")
    schema = (document.json or {})["components"]["schemas"]["Features"]
    demand(schema.get("additionalProperties"), False, "additionalProperties")
    demand(sorted(schema.get("required", [])), sorted(NAMES), "required")
    for name in NAMES:
        for rule, expected in RULES.items():
            demand(schema["properties"][name].get(rule), expected, f"{rule} of {name}")


def demand(found: Any, expected: Any, rule: str) -> None:  # noqa: ANN401
    if found != expected:
        raise CheckFailed(
            "schema",
            sent="GET /openapi.json",
            got=repr(found),
            expected=repr(expected),
            found=repr(found),
            rule=rule,
        )
