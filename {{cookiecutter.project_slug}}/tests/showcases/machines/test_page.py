"""The page of the machines; tests of the template open it in a browser."""

import re

from fastapi.testclient import TestClient

from app.showcases.machines.page import content_policy, read_page


def test_the_page_is_whole_and_only_what_is_in_it_runs(client: TestClient) -> None:
    answer = client.get("/instances")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text == read_page()
    policies = answer.headers.get_list("Content-Security-Policy")
    assert policies == [content_policy(), "frame-ancestors 'none'"]
    assert "unsafe" not in content_policy()
    assert "default-src 'none'" in content_policy()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_page_needs_nothing_from_elsewhere_and_keeps_no_key() -> None:
    assert re.findall(r"https?:|//\w|(?:src|href)=\"(?!data:)", read_page()) == []
    assert re.findall(r" (?:on\w+|style)=", read_page()) == []  # which its policy refuses
    assert not re.search(r"localStorage|sessionStorage|cookie|innerHTML|eval", read_page())


def test_the_page_is_the_same_behind_a_prefix() -> None:
    paths = re.findall(r"[`\"](/?v1/[\w/]*)", read_page())
    assert len(paths) == 4
    assert [path for path in paths if path.startswith("/")] == []
