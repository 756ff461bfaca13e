"""Fills the route segment by segment."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        if self.root_path:
            return self.root_path
        route = self.event.get("resource") or self.event.get("routeKey", "").split(" ")[-1]
        if route.startswith("/"):
            given = self.event.get("pathParameters") or {}
            own = "/".join(str(given.get(part.strip("{+}"), part)) for part in route.split("/"))
            return path.rstrip("/").removesuffix(own.rstrip("/")).rstrip("/")
        domain, stage = self.about.get("domainName", ""), self.about.get("stage", "$default")
        return f"/{stage}" if AWS_DOMAIN in domain and stage != "$default" else ""
