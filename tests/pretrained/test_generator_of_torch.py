"""torch has one global generator: loading restores it, training draws from it."""

import threading
from contextlib import contextmanager

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tiny_models import tiny_bert  # noqa: E402
from torch import nn  # noqa: E402

from amzest.neural import Batch, TrainingSettings  # noqa: E402
from amzest.neural._skorch_engine import SkorchEngine  # noqa: E402
from amzest.pretrained._image_network import ImageNetwork, check_network  # noqa: E402
from amzest.pretrained._loading import load_network  # noqa: E402
from amzest.utils import draw_seeds  # noqa: E402


class DropoutNetwork(nn.Module):
    """One layer behind dropout, which draws from the global generator."""

    def __init__(self):
        super().__init__()
        self.output = nn.Linear(16, 2)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        return self.output(self.dropout(x))


def train(start=lambda: None, end=lambda: None):
    """Return the loss of an epoch of three batches, with something between them."""
    settings = TrainingSettings(0.1, 0.0, 0.0, draw_seeds(0), "cpu")
    engine = SkorchEngine(DropoutNetwork, {}, settings)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 16))).float()
    batch = Batch({"x": x}, np.arange(8) % 2, np.ones(8, dtype=np.float32))

    def batches():
        yield batch
        start()
        yield batch
        end()
        yield batch

    return engine.run_epoch(batches(), [0.1] * 3)


def check(folder):
    check_network(ImageNetwork(nn.Flatten()), 4)


@pytest.mark.parametrize("use", [check, load_network])
def test_an_epoch_does_not_change_if_a_network_is_loaded(use, tmp_path, monkeypatch):
    thread = threading.Thread(target=use, args=[tiny_bert(tmp_path)])
    reached, may_end = threading.Event(), threading.Event()
    fork_rng = torch.random.fork_rng

    @contextmanager
    def slow_fork_rng(devices):
        with fork_rng(devices=devices):
            if threading.current_thread() is thread:
                reached.set()
                assert may_end.wait(60)
            yield

    def start():
        thread.start()
        reached.wait(0.5)  # in vain: the thread waits for the end of the epoch

    def end():
        may_end.set()
        thread.join(0.5)

    expected = train()
    monkeypatch.setattr(torch.random, "fork_rng", slow_fork_rng)
    assert train(start, end) == expected
    thread.join(60)
    assert reached.is_set()
