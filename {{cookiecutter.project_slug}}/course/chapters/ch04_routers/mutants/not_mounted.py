"""Makes a router, but never mounts it. Rejected by: orders."""


# file: app/showcases/lecture.py
def mount_lecture(app: FastAPI) -> None:
    """Mount the users' router."""
    mount(app, users.router)
