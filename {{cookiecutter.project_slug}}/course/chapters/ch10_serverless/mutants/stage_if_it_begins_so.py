"""Takes a path that begins like the stage to be below it. Rejected by: own-domain."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        stage = f"/{self.about.get('stage', '')}"
        return self.root_path or (stage if path.startswith(stage) else "")
