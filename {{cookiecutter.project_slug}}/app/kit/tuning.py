"""What makes the process faster and changes nothing else; each function says by how much."""

import gc


def collect_garbage_less_often() -> None:
    """Look for cycles after 10,000 new objects, not after 2,000 (Python 3.11: 700).

    A request makes many objects and few cycles: at Python 3.11's own pace, a prediction for 32
    users takes a quarter more CPU time. The template's `python -m benchmarks.http_cost` shows it.
    """
    gc.set_threshold(10_000, 20, 20)
