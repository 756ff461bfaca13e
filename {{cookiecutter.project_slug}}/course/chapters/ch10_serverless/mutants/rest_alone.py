"""Finds the route of a REST API alone. Rejected by: stage."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        if self.root_path:
            return self.root_path
        own = "/" + (self.event.get("pathParameters") or {}).get("proxy", "")
        return path.removesuffix(own) if "resource" in self.event else ""
