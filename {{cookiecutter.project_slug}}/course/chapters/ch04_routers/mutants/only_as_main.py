"""Mounts only when the file is run directly. Rejected by: mounted."""


# file: app/showcases/lecture.py
def mount_lecture(app: FastAPI) -> None:
    """Mount the users' and the orders' router."""
    if __name__ == "__main__":
        mount(app, users.router)
        mount(app, orders.router)
