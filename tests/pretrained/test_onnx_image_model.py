"""Networks of images in ONNX files."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from public_estimators import KINDS, images

import amzest
from amzest import PretrainedImageClassifier, PretrainedImageEncoder

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
helper = onnx.helper

X = images()


@pytest.fixture(autouse=True)
def empty_cache():
    amzest.clear_cache()
    yield
    amzest.clear_cache()


def write(path, *, size="height", channels_last=False, outputs=("features",)):
    """Write a network: one convolution, or sums over channels if those are last."""
    rng = np.random.default_rng(0)
    side = [size, size]
    shape = ["batch", *side, 3] if channels_last else ["batch", 3, *side]
    kernel = rng.normal(size=(4, 3, 2, 2)).astype(np.float32)
    nodes, first = [], "pixels"
    if channels_last:
        nodes.append(helper.make_node("Transpose", [first], ["t"], perm=[0, 3, 1, 2]))
        first = "t"
    nodes.append(helper.make_node("Conv", [first, "kernel"], [outputs[0]]))
    for name in outputs[1:]:
        nodes.append(helper.make_node("Relu", [outputs[0]], [name]))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in outputs
        ],
        [onnx.numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, path)
    return kernel


def expected(kernel):
    """Return the mean over all positions of the convolution."""
    values = (np.stack(X).astype(np.float32) / 255 - 0.5) / 0.5
    windows = np.lib.stride_tricks.sliding_window_view(values, (2, 2), axis=(1, 2))
    return np.einsum("nhwcij,ocij->nohw", windows, kernel).mean((2, 3))


@pytest.mark.parametrize("channels_last", [False, True])
def test_features(tmp_path, channels_last):
    kernel = write(tmp_path / "network.onnx", channels_last=channels_last)
    encoder = PretrainedImageEncoder(
        tmp_path / "network.onnx", image_size=32, mean=0.5, std=0.5
    )
    np.testing.assert_allclose(encoder.fit_transform(X), expected(kernel), atol=1e-4)


def test_outputs_by_name(tmp_path):
    path = tmp_path / "network.onnx"
    kernel = write(path, outputs=("raw", "positive"))
    settings = {"image_size": 32, "mean": 0.5, "std": 0.5}
    raw = PretrainedImageEncoder(path, layer="raw", **settings)
    np.testing.assert_allclose(raw.fit_transform(X), expected(kernel), atol=1e-4)
    assert (
        PretrainedImageEncoder(path, layer="positive", **settings).fit_transform(X) >= 0
    ).all()
    with pytest.raises(ValueError, match=r"outputs 'raw', 'positive'. Pass layer="):
        PretrainedImageEncoder(path, **settings).fit(X)
    with pytest.raises(ValueError, match=r"`layer` is 'other', but the outputs"):
        PretrainedImageEncoder(path, layer="other", **settings).fit(X)


def test_the_size_of_the_file_is_used(tmp_path):
    path = tmp_path / "network.onnx"
    write(path, size=24)
    encoder = PretrainedImageEncoder(path, mean=0.5, std=0.5).fit(X)
    assert encoder.settings_.preprocessing.image_size == 24
    with pytest.raises(ValueError, match="fails on an image of 32 by 32"):
        PretrainedImageEncoder(path, mean=0.5, std=0.5, image_size=32).fit(X)
    write(path)
    with pytest.raises(ValueError, match="`image_size` must be given"):
        PretrainedImageEncoder(path, mean=0.5, std=0.5).fit(X)


def test_the_preprocessing_beside_the_file_is_read(tmp_path):
    kernel = write(tmp_path / "network.onnx")
    (tmp_path / "preprocessor_config.json").write_text(
        '{"size": 32, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}'
    )
    encoder = PretrainedImageEncoder(tmp_path / "network.onnx")
    np.testing.assert_allclose(encoder.fit_transform(X), expected(kernel), atol=1e-4)


def test_a_classifier_with_the_file_inside(tmp_path):
    path = tmp_path / "network.onnx"
    write(path)
    classifier = PretrainedImageClassifier(
        path, image_size=32, mean=0.5, std=0.5, embed_weights=True, random_state=0
    ).fit(X, KINDS)
    assert classifier.score(X, KINDS) == 1.0
    proba = classifier.predict_proba(X)
    path.unlink()
    amzest.clear_cache()
    copy = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(copy.predict_proba(X), proba)
    write(path)
    classifier.set_params(trainable=1)
    with pytest.raises(ValueError, match="`model` is an ONNX file, of which no blocks"):
        classifier.fit(X, KINDS)


def test_files_that_are_not_networks_of_images(tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(b"not a network")
    settings = {"image_size": 32, "mean": 0.5, "std": 0.5}
    with pytest.raises(ValueError, match="cannot be read as an ONNX file"):
        PretrainedImageEncoder(path, **settings).fit(X)
    graph = helper.make_graph(
        [helper.make_node("Identity", ["ids"], ["out"])],
        "text",
        [helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, ["batch", 8])],
        [helper.make_tensor_value_info("out", onnx.TensorProto.INT64, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, path)
    with pytest.raises(ValueError, match="expected one input of floats"):
        PretrainedImageEncoder(path, **settings).fit(X)


def test_torch_is_not_imported(tmp_path):
    write(tmp_path / "network.onnx")
    code = (
        "import sys, numpy as np\n"
        "from amzest import PretrainedImageClassifier\n"
        "X = [np.full((32, 32), level) for level in (30, 220)] * 4\n"
        f"model = {str(tmp_path / 'network.onnx')!r}\n"
        "params = {'image_size': 32, 'mean': 0.5, 'std': 0.5}\n"
        "classifier = PretrainedImageClassifier(model, **params).fit(X, [0, 1] * 4)\n"
        "print(classifier.predict(X).tolist())\n"
        "assert not {'torch', 'transformers', 'keras'} & set(sys.modules)\n"
    )
    with warnings.catch_warnings():
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, timeout=300, check=False
        )
    assert result.returncode == 0, result.stderr.decode()[-2000:]
    assert result.stdout.decode().strip() == str([0, 1] * 4)
