"""Where networks of images come from, and which files are not read."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tiny_models import tiny_vit  # noqa: E402
from torch import nn  # noqa: E402

from amzest.pretrained._image_source import (  # noqa: E402
    find_source,
    module_fingerprint,
    pack_source,
)


def find(model, keras_application=None):
    return find_source(model, keras_application=keras_application, purpose="A test")


def test_folders_are_identified_by_content(tmp_path):
    first, second = tiny_vit(tmp_path / "a"), tiny_vit(tmp_path / "b")
    assert find(first).fingerprint == find(str(second)).fingerprint
    assert find(first).reference == str(first)
    other = tiny_vit(tmp_path / "c", seed=1)
    assert find(other).fingerprint != find(first).fingerprint
    with open(first / "preprocessor_config.json", "a") as file:
        file.write("\n")
    assert find(first).fingerprint != find(second).fingerprint


def test_files_are_identified_by_content(tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(b"weights")
    found = find(path)
    assert (found.kind, found.reference) == ("onnx", str(path))
    (tmp_path / "network.onnx.data").write_bytes(b"more")
    with_data = find(path)
    assert with_data.fingerprint != found.fingerprint
    assert pack_source(with_data) == {
        "network.onnx": b"weights",
        "network.onnx.data": b"more",
    }
    renamed = tmp_path / "renamed.onnx"
    renamed.write_bytes(b"weights")
    assert find(renamed).fingerprint == found.fingerprint


def test_modules_are_identified_by_weights_and_architecture():
    with torch.random.fork_rng(devices=[]):
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    before = module_fingerprint(network)
    assert find(network).fingerprint == before
    assert find(network).kind == "module"
    with torch.no_grad():
        network[0].weight[0, 0, 0, 0] += 1
    assert module_fingerprint(network) != before
    with torch.no_grad():
        network[0].weight[0, 0, 0, 0] -= 1
    network[0].stride = (2, 2)
    assert module_fingerprint(network) != before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("network.pt", "not read: formats of torch and pickles may execute code"),
        ("network.bin", "formats of torch and pickles"),
        ("network.keras", "formats of torch and pickles"),
        ("model.safetensors", "weights without an architecture. Pass the folder"),
        ("network.weights.h5", "Pass keras_application="),
    ],
)
def test_files_that_are_not_read(tmp_path, name, message):
    path = tmp_path / name
    path.write_bytes(b"anything")
    with pytest.raises(ValueError, match=message):
        find(path)


def test_missing_files_and_other_applications(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        find(tmp_path / "network.onnx")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        find(tmp_path / "b0.weights.h5", "EfficientNetB0")
    (tmp_path / "network.onnx").write_bytes(b"weights")
    with pytest.raises(ValueError, match="`keras_application` is 'EfficientNetB0'"):
        find(tmp_path / "network.onnx", "EfficientNetB0")
    with pytest.raises(FileNotFoundError, match="hf download org/network"):
        find("org/network")
