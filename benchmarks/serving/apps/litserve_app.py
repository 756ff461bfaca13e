"""The model in LitServe: one worker, with batches of `BATCH` or, if that is 1, without."""

import argparse
import os

import litserve
import numpy as np

from benchmarks.serving.apps import iris
from benchmarks.serving.apps.iris import Features, Matrix


class Iris(litserve.LitAPI):  # type: ignore[misc]
    """One flower per request."""

    def setup(self, device: str) -> None:
        """Open the model."""
        del device
        iris.session()

    def decode_request(self, request: Features) -> Matrix:
        """Return a row of shape (4,)."""
        return request.row()

    def batch(self, inputs: list[Matrix]) -> Matrix:
        """Return the rows as one matrix."""
        return np.stack(inputs)

    def unbatch(self, output: Matrix) -> list[Matrix]:
        """Return the rows of the matrix."""
        return list(output)

    def predict(self, x: Matrix) -> Matrix:
        """Predict a matrix in a batch, or a single row without."""
        return iris.infer(x) if x.ndim == 2 else iris.infer(x[None])[0]

    def encode_response(self, output: Matrix) -> dict[str, object]:
        """Return the named probabilities."""
        return iris.answer(output).model_dump()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    batch = int(os.environ["BATCH"])
    timeout = float(os.environ.get("BATCH_TIMEOUT", "0"))
    api = Iris(max_batch_size=batch, batch_timeout=timeout) if batch > 1 else Iris()
    fast = os.environ.get("FAST_QUEUE") == "1"
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=fast)
    quiet = {"log_level": "warning", "access_log": False, "generate_client_file": False}
    server.run(host="127.0.0.1", port=port, num_api_servers=1, **quiet)


if __name__ == "__main__":
    main()
