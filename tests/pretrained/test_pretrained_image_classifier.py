"""The classifier of images on a frozen network; see also the common checks."""

import pickle
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from public_estimators import KINDS, images
from sklearn.callback import ScoringMonitor
from sklearn.model_selection import GridSearchCV
from tiny_models import tiny_vit
from torch import nn

import amzest
from amzest import PretrainedImageClassifier, PretrainedImageEncoder
from amzest.ensemble import CrossFit
from amzest.pretrained._torch_image_model import TorchImageModel

X = images()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_vit(tmp_path_factory.mktemp("models") / "vit")


@pytest.fixture
def encoded(monkeypatch):
    """Return a list of the images that are encoded, with an empty cache."""
    amzest.clear_cache()
    counted = []
    encode = TorchImageModel.encode

    def counting(self, pixels):
        counted.extend(image.tobytes() for image in pixels)
        return encode(self, pixels)

    monkeypatch.setattr(TorchImageModel, "encode", counting)
    return counted


def test_it_classifies_the_features_of_the_encoder(folder):
    classifier = PretrainedImageClassifier(folder, random_state=0).fit(X, KINDS)
    assert classifier.score(X, KINDS) == 1.0
    features = PretrainedImageEncoder(folder).fit_transform(X)
    np.testing.assert_array_equal(classifier.transform(X), features)
    assert classifier.network_ is None
    expected = np.exp(classifier.head_.log_proba(features))
    np.testing.assert_allclose(classifier.predict_proba(X), expected)


def test_folds_and_candidates_encode_each_image_once(folder, encoded):
    classifier = PretrainedImageClassifier(folder, random_state=0)
    CrossFit([("image", classifier)], cv=3).fit(X, KINDS)
    search = GridSearchCV(classifier, {"class_weight": [None, "balanced"]}, cv=3)
    search.fit(X[::-1], KINDS[::-1])
    search.predict(X)
    assert sorted(encoded) == sorted({image.tobytes() for image in X})


def test_without_a_cache_every_call_encodes(folder, encoded):
    classifier = PretrainedImageClassifier(folder, random_state=0, cache=False)
    classifier.fit(X, KINDS).predict(X)
    assert len(encoded) == 2 * len({image.tobytes() for image in X})


def test_pickles_hold_a_reference_or_the_files(folder, tmp_path):
    moved = shutil.copytree(folder, tmp_path / "vit")
    size = (moved / "model.safetensors").stat().st_size
    plain = PretrainedImageClassifier(moved, random_state=0).fit(X, KINDS)
    holder = PretrainedImageClassifier(moved, random_state=0, embed_weights=True)
    holder.fit(X, KINDS)
    small, large = pickle.dumps(plain), pickle.dumps(holder)
    assert len(small) < len(large) - size
    expected = plain.predict_proba(X)
    shutil.rmtree(moved)
    amzest.clear_cache()
    np.testing.assert_array_equal(pickle.loads(large).predict_proba(X), expected)
    with pytest.raises(FileNotFoundError, match="hf download"):
        pickle.loads(small).predict_proba(X)


def test_other_weights_are_an_error(folder, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "vit")
    classifier = PretrainedImageClassifier(changed, random_state=0).fit(X, KINDS)
    shutil.rmtree(changed)
    tiny_vit(changed, seed=1)
    with pytest.raises(ValueError, match="the network is not the one"):
        classifier.predict(X)


def test_undecodable_images_are_missing(folder):
    spoilt = [b"not an image", *X[1:]]
    classifier = PretrainedImageClassifier(folder, on_error="missing", random_state=0)
    with pytest.warns(UserWarning, match="1 of 24 images in `image` cannot be decoded"):
        classifier.fit(spoilt, KINDS)
    with pytest.warns(UserWarning, match="cannot be decoded"):
        proba, present = classifier.predict_proba_and_presence(spoilt)
    assert present.tolist() == [False] + [True] * 23
    np.testing.assert_array_equal(proba[0], classifier.class_prior_)
    with (
        pytest.raises(ValueError, match="is missing in all of the 2 training rows"),
        pytest.warns(UserWarning, match="cannot be decoded"),
    ):
        classifier.fit([b"not an image"] * 2, ["a", "b"])


def test_callbacks_see_the_fit(folder):
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = PretrainedImageClassifier(folder, random_state=0)
    classifier.set_callbacks(monitor).fit(X, KINDS)
    assert monitor.get_logs().data_as_pandas["accuracy"].tolist() == [1.0]


# Fine-tuning -----------------------------------------------------------------------


def fine_tuned(model, trainable=1, **params):
    params = {"batch_size": 12, "max_epochs": 3, "random_state": 0, **params}
    return PretrainedImageClassifier(model, trainable=trainable, **params)


def test_fine_tuning_changes_the_last_blocks_only(folder):
    classifier = fine_tuned(folder, learning_rate=0.01).fit(X, KINDS)
    assert classifier.score(X, KINDS) == 1.0
    names = set(classifier.weights_)
    assert any(".layers.1." in name for name in names)
    assert not any(".layers.0." in name for name in names)
    assert not any("embeddings" in name for name in names)
    assert classifier.head_ is None
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 3
    frozen = PretrainedImageEncoder(folder).fit_transform(X)
    assert classifier.transform(X).shape == frozen.shape
    whole = fine_tuned(folder, 2).fit(X, KINDS)
    assert len(pickle.dumps(classifier)) < len(pickle.dumps(whole))


def test_the_frozen_part_computes_each_image_once(folder, monkeypatch):
    from amzest.pretrained._live_parts import LiveParts

    amzest.clear_cache()
    counted = []
    encode = LiveParts.encode

    def counting(self, pixels):
        counted.extend(image.tobytes() for image in pixels)
        return encode(self, pixels)

    monkeypatch.setattr(LiveParts, "encode", counting)
    CrossFit([("image", fine_tuned(folder))], cv=3).fit(X, KINDS)
    distinct = {image.tobytes() for image in X}
    mirrored = {image[:, ::-1].tobytes() for image in X}
    assert sorted(counted) == sorted(distinct | mirrored)
    assert len(counted) == 2 * len(distinct)
    counted.clear()
    amzest.clear_cache()
    fine_tuned(folder, augmentation=False).fit(X, KINDS).predict(X)
    assert sorted(counted) == sorted(distinct)


def test_feature_maps_in_files_predict_the_same_bits(folder):
    in_memory = fine_tuned(folder, max_memory=1024).fit(X, KINDS)
    in_file = fine_tuned(folder, max_memory=0).fit(X, KINDS)
    not_kept = fine_tuned(folder, cache=False).fit(X, KINDS)
    expected = in_memory.predict_proba(X)
    for other in (in_file, not_kept):
        np.testing.assert_array_equal(other.predict_proba(X), expected)


def test_predictions_do_not_depend_on_their_parts(folder, monkeypatch):
    from amzest.pretrained import _image_fine_tuning

    classifier = fine_tuned(folder).fit(X, KINDS)
    X_missing = [*X[:5], None, *X[5:]]
    expected = classifier.predict_proba(X_missing), classifier.transform(X_missing)
    monkeypatch.setattr(_image_fine_tuning, "_ROWS_PER_PART", 3)
    np.testing.assert_allclose(
        classifier.predict_proba(X_missing), expected[0], atol=1e-6
    )
    np.testing.assert_allclose(classifier.transform(X_missing), expected[1], atol=1e-5)


def test_augmentation_averages_over_the_mirror_image(folder):
    classifier = fine_tuned(folder).fit(X, KINDS)
    mirrored = [image[:, ::-1] for image in X]
    np.testing.assert_allclose(
        classifier.transform(mirrored), classifier.transform(X), atol=1e-5
    )
    plain = fine_tuned(folder, augmentation=False).fit(X, KINDS)
    assert np.abs(plain.transform(mirrored) - plain.transform(X)).max() > 1e-4


def test_reading_parameters_may_change_after_fit(folder, tmp_path):
    from PIL import Image

    classifier = fine_tuned(folder).fit(X, KINDS)
    Image.fromarray(X[0]).save(tmp_path / "image.png")
    classifier.set_params(image_root=str(tmp_path))
    np.testing.assert_allclose(
        classifier.predict_proba(["image.png"]), classifier.predict_proba(X[:1])
    )


def test_a_fine_tuned_pickle_needs_the_network_or_holds_it(folder, tmp_path):
    moved = shutil.copytree(folder, tmp_path / "vit")
    plain = fine_tuned(moved).fit(X, KINDS)
    holder = fine_tuned(moved, embed_weights=True).fit(X, KINDS)
    expected = plain.predict_proba(X)
    small, large = pickle.dumps(plain), pickle.dumps(holder)
    shutil.rmtree(moved)
    amzest.clear_cache()
    np.testing.assert_array_equal(pickle.loads(large).predict_proba(X), expected)
    loaded = pickle.loads(small)
    with pytest.raises(FileNotFoundError, match="assign its path"):
        loaded.predict(X)
    loaded.model_ = str(folder)
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)


def test_a_network_of_the_user_is_fine_tuned_in_a_copy():
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        blocks = nn.ModuleDict(
            {
                "stem": nn.Conv2d(3, 8, 3, stride=2),
                "body": nn.Sequential(
                    *(nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU()) for _ in range(3))
                ),
            }
        )

    network = nn.Sequential(*blocks.values())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    settings = {"image_size": 32, "mean": 0.5, "std": 0.5, "blocks": "1"}
    classifier = fine_tuned(network, 2, **settings).fit(X, KINDS)
    assert classifier.score(X, KINDS) == 1.0
    for name, tensor in network.state_dict().items():
        assert tensor.equal(before[name])
    named = fine_tuned(network, 1, **settings | {"blocks": ["1.1", "1.2"]})
    named.fit(X, KINDS)
    assert not any(".1.1." in name for name in named.weights_)
    assert any(".1.2." in name for name in named.weights_)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"trainable": 3}, "`trainable` is 3, but the network has 2 blocks"),
        ({"trainable": 0}, "trainable"),
        ({"trainable": "all"}, "trainable"),
        ({"trainable": 1, "blocks": "nowhere"}, "`blocks` is 'nowhere'"),
        ({"trainable": 1, "learning_rate": -1.0}, "learning_rate"),
    ],
)
def test_invalid_parameters(folder, params, message):
    with pytest.raises(ValueError, match=message):
        PretrainedImageClassifier(folder, **params).fit(X, KINDS)


def test_attributes_of_fine_tuning_are_explained(folder):
    classifier = PretrainedImageClassifier(folder, random_state=0).fit(X, KINDS)
    with pytest.raises(AttributeError, match="`loss_curve_` exists only for a fine-"):
        classifier.loss_curve_  # noqa: B018


def test_verbose_names_the_classifier(folder, capsys):
    fine_tuned(folder, verbose=1, max_epochs=1).fit(X, KINDS)
    assert "[PretrainedImageClassifier] Epoch 1/1, loss" in capsys.readouterr().out
