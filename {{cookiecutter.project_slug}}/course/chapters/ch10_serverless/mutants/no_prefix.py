"""Knows ROOT_PATH alone. Rejected by: stage."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        return self.root_path
