"""Networks of keras.applications with weights from a file."""

import random

import numpy as np
import pytest
from public_estimators import KINDS, images

import amzest
from amzest import PretrainedImageClassifier, PretrainedImageEncoder

keras = pytest.importorskip("keras")

X = images()
SMALL = "MobileNetV3Small"


@pytest.fixture(autouse=True)
def empty_cache():
    amzest.clear_cache()
    yield
    amzest.clear_cache()


@pytest.fixture(scope="module")
def network():
    state = random.getstate()
    built = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    random.setstate(state)
    return built


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "small.weights.h5"
    network.save_weights(path)
    return path


def test_features_are_those_of_the_application(weights, network):
    before = random.getstate()
    encoder = PretrainedImageEncoder(weights, keras_application=SMALL, image_size=32)
    found = encoder.fit_transform(X)
    assert random.getstate() == before
    values = keras.applications.mobilenet_v3.preprocess_input(
        np.stack(X).astype(np.float32)
    )
    expected = network.predict_on_batch(values)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_it_classifies(weights):
    classifier = PretrainedImageClassifier(
        weights, keras_application=SMALL, image_size=32, random_state=0
    )
    assert classifier.fit(X, KINDS).score(X, KINDS) == 1.0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"keras_application": None}, "Pass keras_application="),
        ({"keras_application": "Nothing"}, "there is no such network"),
        ({"keras_application": "mobilenet_v3"}, "there is no such network"),
        ({"keras_application": "MobileNetV3Large"}, "these are not the weights of"),
        ({"image_size": "auto"}, "`image_size` must be given"),
        ({"mean": 0.5}, "`mean` has no effect on a Keras application"),
        ({"layer": "top"}, "`layer` has no effect on a Keras application"),
        ({"trainable": 2}, "`model` is a Keras application, of which no blocks"),
    ],
)
def test_invalid_parameters(weights, params, message):
    settings = {"keras_application": SMALL, "image_size": 32, **params}
    with pytest.raises(ValueError, match=message):
        PretrainedImageClassifier(weights, **settings).fit(X, KINDS)
