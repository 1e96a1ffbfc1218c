"""The parameter `device`: available devices, or a message that lists them."""

import copy

import numpy as np
import pytest

from amzest.image import ImageCNNClassifier
from amzest.neural._devices import find_device
from amzest.text import TextCNNClassifier

THERE = ["cpu", "cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    ("device", "found"),
    [
        ("cpu", "cpu"),
        ("cpu:0", "cpu"),
        ("cuda", "cuda:0"),
        ("gpu", "cuda:0"),
        ("gpu:1", "cuda:1"),
        ("cuda:1", "cuda:1"),
    ],
)
def test_a_device_is_found_by_its_kind_and_number(device, found):
    assert find_device(device, THERE, "torch", gpu="cuda") == found


TITLES, LABELS = ["red shoe", "hose"] * 4, list("ab") * 4
WRONG = [
    "mps",
    "xpu",
    "cuda:7",
    "tpu",
    "",
    "CPU",
    "meta",
    "cpu:1",
    "cuda:x",
    "x" * 10**6,
]


@pytest.mark.parametrize("device", WRONG)
def test_the_message_is_short_and_lists_the_devices(device):
    with pytest.raises(ValueError, match="`device` is") as caught:
        find_device(device, THERE, "torch", gpu="cuda")
    message = str(caught.value)
    assert "torch has only cpu, cuda:0, cuda:1 here" in message
    assert len(message) < 250


@pytest.mark.parametrize("device", WRONG)
def test_text_networks_raise_for_unavailable_devices(device):
    with pytest.raises(
        ValueError, match=r"^`device` is .* but torch has only cpu"
    ) as c:
        TextCNNClassifier(max_epochs=1, device=device).fit(TITLES, LABELS)
    assert "Expected one of" not in str(c.value)
    assert len(str(c.value)) < 250


@pytest.mark.parametrize("device", ["mps", "tpu", "", "CPU", "meta"])
def test_image_networks_raise_for_unavailable_devices(device):
    X = np.zeros((4, 32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match=r"^`device` is .* but Keras has only cpu"):
        ImageCNNClassifier(max_epochs=1, device=device).fit(X, list("abab"))


def test_fitted_networks_raise_for_unavailable_devices():
    model = TextCNNClassifier(max_epochs=1).fit(TITLES, LABELS)
    again = copy.deepcopy(model).set_params(device="mps")
    with pytest.raises(ValueError, match="`device` is 'mps', but torch has only cpu"):
        again.predict(["boot"])
