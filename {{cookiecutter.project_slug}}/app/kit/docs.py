"""The interactive pages at /docs, with Swagger UI served from here: they need no internet."""

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

# Nothing from elsewhere; Swagger UI's own start-up script is in the page itself.
CONTENT_POLICY = "default-src 'self' 'unsafe-inline' data:"


def mount_docs(app: FastAPI) -> None:
    """Add /docs, and the files it loads."""
    assets = "/docs/assets"

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        prefix = request.scope.get("root_path", "")
        page = get_swagger_ui_html(
            openapi_url=f"{prefix}/openapi.json",
            title=app.title,
            swagger_js_url=f"{prefix}{assets}/swagger-ui-bundle.js",
            swagger_css_url=f"{prefix}{assets}/swagger-ui.css",
            swagger_favicon_url=f"{prefix}{assets}/favicon.png",
            swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
        )
        page.headers["Content-Security-Policy"] = CONTENT_POLICY
        return page

    app.mount(assets, StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"))
