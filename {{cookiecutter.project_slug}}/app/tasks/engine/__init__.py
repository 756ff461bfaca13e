"""The machinery that runs accepted tasks."""
