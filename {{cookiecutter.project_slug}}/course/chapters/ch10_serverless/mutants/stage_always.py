"""Takes the stage for a part of each path. Rejected by: own-domain."""


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        stage = self.about.get("stage", "$default")
        return self.root_path or ("" if stage == "$default" else f"/{stage}")
