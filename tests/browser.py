"""What a person does in the interactive pages, in a browser."""

from playwright.sync_api import Page, expect


def predict_in_swagger_ui(page: Page, url: str) -> None:
    """Open the route, send its example, and wait for the response."""
    page.goto(f"{url}/docs")
    route = page.locator(".opblock-post", has_text="/v1/predictions")
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Execute").click()
    answer = route.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("201")
    expect(answer).to_contain_text("setosa")
    route.evaluate("element => element.scrollIntoView()")
