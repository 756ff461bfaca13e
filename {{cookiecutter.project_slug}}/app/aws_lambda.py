"""The way into the service on AWS Lambda, from a zip: its handler is `app.aws_lambda.handler`.

Importing this module loads the model, once for each container; docs/aws-lambda.md says the rest.
"""

from app.kit.aws_lambda.handler import LambdaHandler
from app.kit.settings import load_settings
from app.main import app
from app.settings import Settings

handler = LambdaHandler(app, load_settings(Settings).root_path)
