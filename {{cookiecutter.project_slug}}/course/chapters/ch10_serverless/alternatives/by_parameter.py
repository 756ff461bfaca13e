"""Finds the prefix by the parameter of the route."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        if self.root_path:
            return self.root_path
        given = self.event.get("pathParameters") or {}
        if "proxy" in given:
            return path.rstrip("/").removesuffix("/" + given["proxy"].strip("/"))
        domain, stage = self.about.get("domainName", ""), self.about.get("stage", "")
        return f"/{stage}" if domain.endswith(AWS_DOMAIN) and stage != "$default" else ""
