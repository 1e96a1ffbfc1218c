"""The small Inception network, and InceptionV3 fine-tuned in two phases."""

import numpy as np
import pytest

from amzest.image import ImageInceptionClassifier


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 60, (12, 75, 75, 3)).astype(np.uint8)
    X[::2] += 150
    return X, np.array(["light", "dark"] * 6)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A weights file in the format of Keras' pretrained weights."""
    import keras

    path = tmp_path_factory.mktemp("weights") / "v3.weights.h5"
    body = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(75, 75, 3)
    )
    body.save_weights(path)
    return path, body.get_weights()


def inception_v3_classifier(**changes):
    settings = {
        "architecture": "inception_v3",
        "image_size": 75,
        "max_epochs": 2,
        "batch_size": 6,
        "random_state": 0,
    }
    return ImageInceptionClassifier(**{**settings, **changes})


def body_of(classifier):
    return classifier.net_.model_.get_layer("body")


@pytest.mark.slow
def test_pretrained_weights_are_frozen_then_fine_tuned_after_a_block(
    images, pretrained
):
    path, weights = pretrained
    frozen = inception_v3_classifier(weights=path, frozen_epochs=2).fit(*images)
    for ours, theirs in zip(body_of(frozen).get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)

    tuned = inception_v3_classifier(
        weights=path, frozen_epochs=1, fine_tune_from="mixed9"
    )
    tuned.fit(*images)
    layers = body_of(tuned).layers
    names = [layer.name for layer in layers]
    import keras

    reference = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(75, 75, 3)
    )
    reference.set_weights(weights)
    changed = [
        any(
            not np.array_equal(ours, theirs)
            for ours, theirs in zip(
                layer.get_weights(), original.get_weights(), strict=True
            )
        )
        for layer, original in zip(layers, reference.layers, strict=True)
    ]
    first = names.index("mixed9")
    assert not any(changed[: first + 1])
    convolutions = [
        moved
        for layer, moved in zip(layers[first:], changed[first:], strict=True)
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert all(convolutions)
    assert len(convolutions) > 3
    # Batch normalisation kept the statistics of the pretraining.
    assert not any(
        moved
        for layer, moved in zip(layers, changed, strict=True)
        if isinstance(layer, keras.layers.BatchNormalization)
    )
    assert tuned.transform(images[0]).shape == (12, 2048)


@pytest.mark.slow
def test_inception_v3_from_scratch_and_from_a_pickle(images):
    import pickle

    X, y = images
    model = inception_v3_classifier(max_epochs=1).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))


def test_random_weights_of_inception_v3_depend_on_the_seed():
    from amzest.image._networks import inception_v3

    settings = {
        "n_classes": 2,
        "n_features_out": 2048,
        "input_shape": (75, 75, 3),
        "pretrained": False,
        "dropout": 0.0,
    }
    first, again, other = (
        inception_v3(seed=seed, **settings).get_weights() for seed in (1, 1, 2)
    )
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any((one != two).any() for one, two in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_size": 48}, "`image_size` is 48.*75 pixels"),
        ({"fine_tune_from": "block5"}, "'fine_tune_from' .*mixed7.* Got 'block5'"),
        ({"weights": "nowhere.weights.h5"}, "`weights` is .*no such file"),
        ({"architecture": "small", "weights": "imagenet"}, "trained from scratch"),
        ({"architecture": "small", "filters": (12,)}, "multiples of 8"),
        (
            {"architecture": "small", "stem_filters": ()},
            "'stem_filters' .* non-empty list",
        ),
        (
            {"architecture": "small", "filters": (8,)},
            "one value per stage; got 1 and 2",
        ),
        ({"architecture": "v4"}, "architecture"),
    ],
)
def test_invalid_settings(images, settings, message):
    with pytest.raises(ValueError, match=message):
        inception_v3_classifier(**settings).fit(*images)


def test_weights_of_another_network(images, tmp_path):
    import keras

    path = tmp_path / "other.weights.h5"
    other = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3)])
    other.save_weights(path)
    with pytest.raises(ValueError, match="does not contain the weights of"):
        inception_v3_classifier(weights=path).fit(*images)


@pytest.mark.parametrize("image_size", [32, 50])
def test_the_small_network_takes_any_size_from_32(images, image_size):
    X, y = images
    model = ImageInceptionClassifier(
        stem_filters=(4,),
        filters=(8, 16),
        modules_per_stage=(1, 1),
        image_size=image_size,
        max_epochs=2,
    ).fit(X, y)
    assert model.image_size_ == image_size
    assert model.transform(X).shape == (12, 16)


def test_sizes_below_32_are_invalid(images):
    with pytest.raises(ValueError, match="image_size"):
        ImageInceptionClassifier(image_size=31).fit(*images)
