"""Feature vectors of images, as a transformer."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from public_estimators import images  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.compose import ColumnTransformer  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from tiny_models import tiny_clip, tiny_resnet, tiny_siglip, tiny_vit  # noqa: E402
from torch import nn  # noqa: E402

import amzest  # noqa: E402
from amzest import PretrainedImageEncoder  # noqa: E402

X = images()[:6]
WRITERS = {
    "vit": tiny_vit,
    "resnet": tiny_resnet,
    "clip": tiny_clip,
    "siglip": tiny_siglip,
}


@pytest.fixture(autouse=True)
def empty_cache():
    amzest.clear_cache()
    yield
    amzest.clear_cache()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {name: write(root / name) for name, write in WRITERS.items()}


def reference(folder, pixels):
    """Return the outputs of a network by transformers, of images as they are."""
    from transformers import AutoModel

    config = json.loads((folder / "preprocessor_config.json").read_text())
    mean, std = (np.array(config[name]) for name in ("image_mean", "image_std"))
    values = (np.stack(pixels) / 255 - mean) / std
    tensor = torch.from_numpy(values.transpose(0, 3, 1, 2)).float()
    network = AutoModel.from_pretrained(folder).eval()
    network = getattr(network, "vision_model", network)
    with torch.no_grad():
        return network(pixel_values=tensor)


@pytest.mark.parametrize("name", WRITERS)
def test_features_are_those_of_transformers(folders, name):
    output = reference(folders[name], X)
    encoder = PretrainedImageEncoder(folders[name])
    found = encoder.fit_transform(X)
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found, output.pooler_output.flatten(1).numpy(), rtol=1e-3, atol=1e-5
    )
    assert encoder.settings_.preprocessing.image_size == 32


def test_pooling(folders):
    hidden = reference(folders["vit"], X).last_hidden_state.numpy()
    for pooling, expected in (("cls", hidden[:, 0]), ("mean", hidden[:, 1:].mean(1))):
        encoder = PretrainedImageEncoder(folders["vit"], pooling=pooling)
        np.testing.assert_allclose(encoder.fit_transform(X), expected, atol=1e-5)


def test_a_pooling_layer_without_weights_is_not_used(folders, tmp_path):
    """It would consist of random numbers: checkpoints of classifiers have none."""
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(folders["vit"], tmp_path / "vit")
    weights = load_file(folder / "model.safetensors")
    kept = {k: v for k, v in weights.items() if not k.startswith("pooler.")}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    found = PretrainedImageEncoder(folder).fit_transform(X)
    hidden = reference(folders["vit"], X).last_hidden_state.numpy()
    np.testing.assert_allclose(found, hidden[:, 0], atol=1e-5)


@pytest.mark.parametrize("name", WRITERS)
def test_other_sizes(folders, name):
    encoder = PretrainedImageEncoder(folders[name], image_size=48)
    assert encoder.fit_transform(X).shape == (6, 32)


def test_images_are_scaled_into_a_white_square(folders):
    wide = np.zeros((16, 64, 3), dtype=np.uint8)
    square = np.full((32, 32, 3), 255, dtype=np.uint8)
    square[12:20] = 0
    found = PretrainedImageEncoder(folders["vit"]).fit_transform([wide, square])
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_missing_images_and_names(folders, tmp_path):
    Image.fromarray(X[0]).save(tmp_path / "image.png")
    frame = pd.DataFrame({"image": ["image.png", None, "image.png"]}, index=[5, 6, 7])
    encoder = PretrainedImageEncoder(folders["vit"], image_root=tmp_path)
    found = encoder.set_output(transform="pandas").fit_transform(frame)
    assert found.index.tolist() == [5, 6, 7]
    assert found.columns[0] == "pretrainedimageencoder0"
    assert (found.loc[6] == 0).all()
    assert (found.loc[5] == found.loc[7]).all()
    assert encoder.feature_names_in_.tolist() == ["image"]
    with pytest.raises(ValueError, match="fitted on"):
        encoder.transform(frame.rename(columns={"image": "other"}))


def test_a_column_of_a_column_transformer(folders):
    frame = pd.DataFrame({"image": list(X), "price": np.arange(6.0)})
    encoder = PretrainedImageEncoder(folders["vit"])
    columns = ColumnTransformer(
        [("image", encoder, "image"), ("price", "passthrough", ["price"])]
    )
    assert columns.fit_transform(frame).shape == (6, 33)


def small_network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(8, 4, 3)
        )


def test_a_network_of_the_user(folders):
    network = small_network().train()
    encoder = PretrainedImageEncoder(
        network, image_size=32, mean=127, std=128, rescale_factor=1
    )
    found = encoder.fit_transform(X)
    assert network.training, "the network of the user was changed"
    values = (np.stack(X).transpose(0, 3, 1, 2).astype(np.float32) - 127) / 128
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(values)).mean((2, 3))
        layer = network[:2](torch.from_numpy(values)).mean((2, 3))
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    encoder.set_params(layer="1")
    np.testing.assert_allclose(encoder.fit_transform(X), layer.numpy(), atol=1e-5)
    assert encoder.model_ == "Sequential"
    copy = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(copy.transform(X), encoder.transform(X))
    np.testing.assert_array_equal(clone(encoder).fit_transform(X), encoder.transform(X))


def test_a_network_of_the_user_that_has_changed():
    network = small_network()
    encoder = PretrainedImageEncoder(network, image_size=32, mean=0.5, std=0.5).fit(X)
    with torch.no_grad():
        network[0].weight += 1
    with pytest.raises(ValueError, match="the network is not the one that Pretrained"):
        encoder.transform(X)


def test_the_configuration_of_timm_is_read():
    network = small_network()
    network.pretrained_cfg = {
        "input_size": (3, 40, 40),
        "mean": (0.4, 0.5, 0.6),
        "std": (0.2, 0.2, 0.2),
    }
    encoder = PretrainedImageEncoder(network).fit(X)
    found = encoder.settings_.preprocessing
    assert (found.image_size, found.mean) == (40, (0.4, 0.5, 0.6))
    assert found.rescale_factor == 1 / 255


def test_what_a_network_does_not_tell_must_be_given():
    encoder = PretrainedImageEncoder(small_network(), image_size=32)
    with pytest.raises(ValueError, match=r"`mean` and `std` must be given.*`pretrai"):
        encoder.fit(X)


def test_the_cache_is_used_without_the_network(folders, tmp_path, monkeypatch):
    from amzest.pretrained import _image_model

    folder = tmp_path / "cache"
    first = PretrainedImageEncoder(folders["vit"], cache=folder).fit(X)
    expected = first.transform(X)
    assert folder.is_dir()
    amzest.clear_cache()
    monkeypatch.setattr(_image_model, "live_model", None)
    monkeypatch.setattr("amzest.pretrained._image_input.live_model", None)
    np.testing.assert_array_equal(first.transform(X), expected)


def test_pickles_hold_a_reference_or_the_files(folders, tmp_path):
    folder = shutil.copytree(folders["vit"], tmp_path / "vit")
    reference = PretrainedImageEncoder(folder, cache=False).fit(X)
    holder = PretrainedImageEncoder(folder, cache=False, embed_weights=True).fit(X)
    expected = reference.transform(X)
    small, large = pickle.dumps(reference), pickle.dumps(holder)
    assert len(small) < 5_000
    assert len(large) > (folder / "model.safetensors").stat().st_size
    moved = Path(shutil.move(folder, tmp_path / "moved"))
    amzest.clear_cache()
    np.testing.assert_array_equal(pickle.loads(large).transform(X), expected)
    loaded = pickle.loads(small)
    with pytest.raises(FileNotFoundError, match="assign its path to the attribute"):
        loaded.transform(X)
    loaded.model_ = str(moved)
    np.testing.assert_array_equal(loaded.transform(X), expected)
    tiny_vit(moved, seed=1)
    with pytest.raises(ValueError, match="the network is not the one"):
        loaded.transform(X)


def test_folders_that_are_not_read(folders, tmp_path):
    def changed(name, **config):
        folder = shutil.copytree(folders["vit"], tmp_path / name)
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
        return folder

    masking = changed("masking", model_type="vit_mae")
    with pytest.raises(ValueError, match="hide random parts"):
        PretrainedImageEncoder(masking).fit(X)
    code = changed("code", auto_map={"AutoModel": "model.Model"})
    with pytest.raises(ValueError, match="never executed"):
        PretrainedImageEncoder(code).fit(X)
    timm = changed("timm", architecture="resnet18")
    config = json.loads((timm / "config.json").read_text())
    del config["model_type"]
    (timm / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"a model of timm.*timm.create_model"):
        PretrainedImageEncoder(timm).fit(X)
    without = shutil.copytree(folders["vit"], tmp_path / "without")
    (without / "preprocessor_config.json").unlink()
    with pytest.raises(ValueError, match="no complete preprocessor_config"):
        PretrainedImageEncoder(without).fit(X)
    encoder = PretrainedImageEncoder(without, image_size=32, mean=0.5, std=0.5)
    np.testing.assert_allclose(
        encoder.fit_transform(X),
        PretrainedImageEncoder(folders["vit"]).fit_transform(X),
        atol=1e-6,
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"pooling": "max"}, "pooling"),
        ({"image_size": 0}, "image_size"),
        ({"precision": "float16"}, "precision"),
        ({"device": "abacus"}, "device"),
        ({"layer": "nowhere"}, "`layer` is 'nowhere'"),
        ({"image_size": 4}, "fails on an image of 4 by 4"),
    ],
)
def test_invalid_parameters(folders, params, message):
    with pytest.raises(ValueError, match=message):
        PretrainedImageEncoder(folders["vit"], **params).fit(X)
    with pytest.raises(ValueError, match="model"):
        PretrainedImageEncoder(3).fit(X)


def test_not_fitted(folders):
    with pytest.raises(NotFittedError):
        PretrainedImageEncoder(folders["vit"]).transform(X)


def test_bfloat16_is_close(folders):
    exact = PretrainedImageEncoder(folders["vit"], precision="float32").fit_transform(X)
    low = PretrainedImageEncoder(folders["vit"], precision="bfloat16").fit_transform(X)
    assert low.dtype == np.float32
    assert 0 < np.abs(low - exact).max() < 0.1
