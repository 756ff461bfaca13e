"""Requests as the events of a gateway, in the shapes that AWS documents."""

import json
from typing import Any

from chapters.ch10_serverless.runtime import KEY
from learn.grading.exchange import Json

Event = dict[str, Any]

AWS_DOMAIN = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
OWN_DOMAIN = "flowers.example.com"


def headers(domain: str) -> dict[str, str]:
    """Return what a client sends along."""
    return {"host": domain, "x-api-key": KEY, "content-type": "application/json"}


def parameters(route: str, path: str) -> dict[str, str] | None:
    """Return what the `{proxy+}` of a route stands for; AWS has null for none."""
    before, found, _ = route.partition("{proxy+}")
    return {"proxy": path.removeprefix(before).rstrip("/")} if found else None


def rest(
    method: str,
    path: str,
    body: Json = None,
    *,
    stage: str,
    domain: str = AWS_DOMAIN,
    route: str = "/{proxy+}",
    mapping: str = "",
) -> Event:
    """Return an event of a REST API; a custom domain hides the stage, and may map a path."""
    several = {name: [value] for name, value in headers(domain).items()}
    full = f"/{stage}{path}" if domain == AWS_DOMAIN else f"{mapping}{path}"
    return {
        "resource": route,
        "path": f"{mapping}{path}",
        "httpMethod": method,
        "headers": headers(domain),
        "multiValueHeaders": several,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters(route, path),
        "requestContext": {
            "domainName": domain,
            "httpMethod": method,
            "identity": {"sourceIp": "203.0.113.7"},
            "path": full,
            "resourcePath": route,
            "stage": stage,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def http(
    method: str,
    path: str,
    body: Json = None,
    *,
    stage: str = "$default",
    domain: str = AWS_DOMAIN,
    route: str = "ANY /{proxy+}",
    mapping: str = "",
) -> Event:
    """Return an event of an HTTP API; its default stage is no part of the path."""
    hidden = stage == "$default" or domain == OWN_DOMAIN
    full = f"{mapping}{path}" if hidden else f"/{stage}{path}"
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": full,
        "rawQueryString": "",
        "headers": headers(domain),
        "pathParameters": parameters(route.partition(" ")[2], path),
        "requestContext": {
            "domainName": domain,
            "http": {"method": method, "path": full, "sourceIp": "203.0.113.7"},
            "routeKey": route,
            "stage": stage,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def balancer(method: str, path: str) -> Event:
    """Return an event of a load balancer, which has neither a stage nor a route."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:graded"}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": headers(OWN_DOMAIN),
        "body": "",
        "isBase64Encoded": False,
    }
