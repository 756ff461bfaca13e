"""Mounts the same router twice. Rejected by: orders."""


# file: app/showcases/lecture.py
def mount_lecture(app: FastAPI) -> None:
    """Mount the users' and the orders' router."""
    mount(app, users.router)
    mount(app, users.router)
