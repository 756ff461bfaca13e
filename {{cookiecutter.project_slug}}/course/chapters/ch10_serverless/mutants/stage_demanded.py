"""Expects a stage from each sender. Rejected by: no-prefix."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        if self.root_path:
            return self.root_path
        template = self.event.get("resource") or self.event.get("routeKey", "").partition(" ")[2]
        given = self.event.get("pathParameters") or {}
        own = re.sub(r"{([^}+]+)\+?}", lambda match: str(given.get(match[1], "")), template)
        if template.startswith("/"):
            return path.rstrip("/").removesuffix(own.rstrip("/")).rstrip("/")
        stage = f"/{self.about['stage']}"
        below_aws = self.about["domainName"].endswith(AWS_DOMAIN)
        return stage if below_aws and begins_with(path, stage) else ""
