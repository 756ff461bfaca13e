"""Is this process on AWS Lambda?"""

import os


def on_lambda() -> bool:
    """Return whether AWS Lambda runs this process, from a zip or from a container image."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
