import threading
from concurrent.futures import wait

import numpy as np
import pytest

from amzest.distributed._product_predictions import ProductPredictor
from amzest.serving._prediction_queue import PredictionQueue, QueueFull


class Counting:
    """Predicts the number of characters of texts, and counts its calls."""

    classes_ = np.array(["a", "b"])

    def __init__(self):
        self.sizes = []
        self.entered = threading.Event()
        self.gate = threading.Event()

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        self.entered.set()
        assert self.gate.wait(10)
        cells = list(X)
        self.sizes.append(len(cells))
        if "fail" in cells:
            raise ValueError("fail")
        share = np.array([len(cell) / 10 for cell in cells])
        return np.column_stack([share, 1 - share])


@pytest.fixture
def model():
    return Counting()


def start(model, **options):
    options = {"n_threads": 1, "max_waiting": 10, "max_batch_size": 4, **options}
    return PredictionQueue(ProductPredictor(model), **options)


def fill(queue, model, texts):
    """Put requests while the first one is predicted."""
    futures = [queue.predict({"text": ["x"]}, 1)]
    assert model.entered.wait(10)
    futures += [queue.predict({"text": cells}, len(cells)) for cells in texts]
    model.gate.set()
    wait(futures, timeout=10)
    return futures[1:]


def test_waiting_requests_are_predicted_together(model):
    queue = start(model)
    futures = fill(queue, model, [["a"], ["bb", "ccc"], ["d"], ["ee"]])
    found = [future.result().proba[:, 0].tolist() for future in futures]
    assert found == [[0.1], [0.2, 0.3], [0.1], [0.2]]
    # "x", then as many as a batch may have, then the last one.
    assert model.sizes == [1, 1, 4, 4, 1, 1]  # for probabilities, and for labels
    queue.close()


def test_an_error_concerns_one_request(model):
    queue = start(model)
    good, bad, other = fill(queue, model, [["a"], ["fail"], ["bb"]])
    assert good.result().proba[0, 0] == 0.1
    assert other.result().proba[0, 0] == 0.2
    with pytest.raises(ValueError, match="fail"):
        bad.result()
    queue.close()


def test_batches_of_one(model):
    queue = start(model, max_batch_size=1)
    fill(queue, model, [["a"], ["bb", "ccc"]])
    assert max(model.sizes) == 2  # a request is never divided
    queue.close()


def test_full_and_closed_queues(model):
    queue = start(model, max_waiting=1)
    queue.predict({"text": ["x"]}, 1)
    assert model.entered.wait(10)
    waiting = queue.predict({"text": ["x"]}, 1)
    with pytest.raises(QueueFull):
        queue.predict({"text": ["x"]}, 1)
    model.gate.set()
    queue.close()
    assert waiting.result().proba[0, 0] == 0.1  # what waits is finished
    with pytest.raises(QueueFull):
        queue.call(int)
