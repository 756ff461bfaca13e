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


def rest(
    method: str, path: str, body: Json = None, *, stage: str, domain: str = AWS_DOMAIN
) -> Event:
    """Return an event of a REST API; a domain of one's own hides the stage."""
    several = {name: [value] for name, value in headers(domain).items()}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers(domain),
        "multiValueHeaders": several,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "requestContext": {
            "domainName": domain,
            "httpMethod": method,
            "identity": {"sourceIp": "203.0.113.7"},
            "path": f"/{stage}{path}" if domain == AWS_DOMAIN else path,
            "resourcePath": "/{proxy+}",
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
) -> Event:
    """Return an event of an HTTP API; its default stage is no part of the path."""
    full = path if stage == "$default" or domain == OWN_DOMAIN else f"/{stage}{path}"
    return {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": full,
        "rawQueryString": "",
        "headers": headers(domain),
        "pathParameters": {"proxy": path.removeprefix("/")},
        "requestContext": {
            "domainName": domain,
            "http": {"method": method, "path": full, "sourceIp": "203.0.113.7"},
            "routeKey": "ANY /{proxy+}",
            "stage": stage,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
