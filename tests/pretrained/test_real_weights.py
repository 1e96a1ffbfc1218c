"""The packages with real weights hold what they are expected to hold."""

import json

import numpy as np
import pandas as pd
import pytest
from public_estimators import KINDS, images
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from amzest import (
    PretrainedImageClassifier,
    PretrainedImageEncoder,
    PretrainedTextEncoder,
)
from amzest.pretrained import export_onnx


@pytest.mark.weights
def test_minilm_is_a_sentence_encoder(minilm):
    """The fixture compares the hash of the weights."""
    modules = json.loads((minilm / "modules.json").read_text())
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    assert kinds == ["Transformer", "Pooling", "Normalize"]


@pytest.mark.weights
def test_efficientnet_is_read_without_executing_code(efficientnet_lite0):
    torch = pytest.importorskip("torch")
    weights = torch.load(efficientnet_lite0, map_location="cpu", weights_only=True)
    assert weights["_conv_stem.weight"].shape == (32, 3, 3, 3)


@pytest.mark.weights
def test_efficientnet_encodes_and_is_cut(efficientnet_lite0, capsys):
    """Its input is (x - 127) / 128; its features are those that it computes itself."""
    torch = pytest.importorskip("torch")
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(efficientnet_lite0, weights_only=True))
    X = [image.repeat(2, axis=0).repeat(2, axis=1) for image in images()]
    params = {
        "layer": "_avg_pooling",
        "image_size": 64,
        "mean": 127,
        "std": 128,
        "rescale_factor": 1,
    }
    found = PretrainedImageEncoder(network, **params).fit_transform(X)
    values = (np.stack(X).transpose(0, 3, 1, 2).astype(np.float32) - 127) / 128
    with torch.inference_mode():
        maps = network.eval().extract_features(torch.from_numpy(values))
    np.testing.assert_allclose(found, maps.mean((2, 3)).numpy(), rtol=1e-3, atol=1e-4)
    classifier = PretrainedImageClassifier(
        network, trainable=5, max_epochs=4, batch_size=12, random_state=0, **params
    ).fit(X, KINDS)
    assert classifier.score(X, KINDS) == 1.0
    trained = {name.split(".")[4] for name in classifier.weights_ if "_blocks" in name}
    assert trained == {"11", "12", "13", "14", "15"}


@pytest.mark.weights
@pytest.mark.data
def test_int8_predicts_as_float32(minilm, real_data, tmp_path):
    pytest.importorskip("onnxscript")
    products = pd.read_csv(real_data / "flipkart" / "products.csv")
    folder = export_onnx(minilm, tmp_path / "int8")
    assert (folder / "onnx" / "model.onnx").stat().st_size < 24e6  # of 91 MB
    exact, fast = (
        PretrainedTextEncoder(model, precision=precision).fit_transform(
            products["title"]
        )
        for model, precision in ((minilm, "float32"), (folder, "auto"))
    )
    assert (exact * fast).sum(axis=1).min() > 0.97  # cosine similarities
    head = LogisticRegression(C=10, max_iter=1000)
    accuracies = [
        cross_val_score(head, vectors, products["category"], cv=5).mean()
        for vectors in (exact, fast)
    ]
    assert accuracies[0] > 0.85
    assert accuracies[1] > accuracies[0] - 0.005
