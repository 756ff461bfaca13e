"""Never looks at the route. Rejected by: mapping."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        if self.root_path:
            return self.root_path
        stage = f"/{self.about.get('stage', '')}"
        below_aws = self.about.get("domainName", "").endswith(AWS_DOMAIN)
        return stage if below_aws and begins_with(path, stage) else ""
