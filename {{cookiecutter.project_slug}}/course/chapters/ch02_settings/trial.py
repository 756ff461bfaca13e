"""A program of its own that reads the settings as the app does, once for each case it is given.

The cases come as JSON: a working folder and environment variables. The output is one line of JSON:
whether the module can be imported while a variable is wrong, and the result of each case.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def main() -> None:
    """Run the cases in the first argument, and print the results."""
    job = json.loads(sys.argv[1])
    imported = can_import()
    results = {group: [result(**case) for case in cases] for group, cases in job.items()}
    print(json.dumps({"imported": imported, "results": results}))  # noqa: T201


def can_import() -> bool:
    """Tell whether the settings can be imported while PORT is `none`; remove PORT again."""
    os.environ["PORT"] = "none"
    with suppress(BaseException):
        import app.settings  # noqa: F401
    del os.environ["PORT"]
    return "app.settings" in sys.modules


def result(folder: str, variables: dict[str, str]) -> dict[str, Any]:
    """Read the settings in this folder, with these variables."""
    from app.kit.settings import load_settings
    from app.settings import Settings

    os.chdir(folder)
    os.environ.update(variables)
    loaded, made = tried(lambda: load_settings(Settings)), tried(Settings)
    for name in variables:
        del os.environ[name]
    texts = f"{loaded['text']} {made['text']}"
    return {"variables": variables, "values": loaded["values"], "text": texts}


def tried(make: Callable[[], Any]) -> dict[str, Any]:
    """Return the settings' values, None if refused; and every text that shows them."""
    try:
        settings = make()
        dumped = settings.model_dump_json()
    except BaseException as error:
        return {"values": None, "text": f"{error} {error!r}"}
    return {"values": json.loads(dumped), "text": f"{settings} {settings!r} {dumped}"}


if __name__ == "__main__":
    main()
