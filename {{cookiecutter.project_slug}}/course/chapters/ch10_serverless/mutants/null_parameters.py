"""Expects parameters from each route. Rejected by: stage."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        if self.root_path:
            return self.root_path
        template = self.event.get("resource") or self.event.get("routeKey", "").partition(" ")[2]
        own = template
        for name, value in self.event.get("pathParameters", {}).items():
            own = own.replace("{" + name + "+}", value).replace("{" + name + "}", value)
        if template.startswith("/"):
            return path.rstrip("/").removesuffix(own.rstrip("/")).rstrip("/")
        stage = f"/{self.about.get('stage', '')}"
        below_aws = self.about.get("domainName", "").endswith(AWS_DOMAIN)
        return stage if below_aws and begins_with(path, stage) else ""
