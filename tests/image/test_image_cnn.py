"""The convolutional network is the one its parameters describe."""

import numpy as np
import pytest

from amzest.image import ImageCNNClassifier


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 60, (24, 32, 32, 3)).astype(np.uint8)
    X[::2] += 150
    return X, np.array(["light", "dark"] * 12)


def test_blocks_of_two_convolutions(pictures):
    import keras

    model = ImageCNNClassifier(filters=(4, 6), image_size=32, max_epochs=1)
    model.fit(*pictures)
    layers = model.net_.model_.layers
    convolutions = [la for la in layers if isinstance(la, keras.layers.Conv2D)]
    assert [la.filters for la in convolutions] == [4, 4, 6, 6]
    assert {la.kernel_size for la in convolutions} == {(3, 3)}
    normalisations = [
        la for la in layers if isinstance(la, keras.layers.BatchNormalization)
    ]
    assert len(normalisations) == 4
    assert {la.momentum for la in normalisations} == {0.9}
    assert model.transform(pictures[0]).shape == (24, 6)


def test_bad_filters_are_named(pictures):
    for filters in ((0,), (), (3.5,)):
        with pytest.raises(ValueError, match="`filters`"):
            ImageCNNClassifier(filters=filters).fit(*pictures)


def test_root_is_where_relative_paths_start(tmp_path, pictures):
    from PIL import Image

    X, y = pictures
    paths = []
    for i, pixels in enumerate(X):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        paths.append(f"{i}.png")
    settings = {"filters": (4,), "image_size": 32, "max_epochs": 1, "random_state": 0}
    from_files = ImageCNNClassifier(image_root=tmp_path, **settings).fit(paths, y)
    from_arrays = ImageCNNClassifier(**settings).fit(X, y)
    np.testing.assert_array_equal(
        from_files.predict_proba(paths), from_arrays.predict_proba(X)
    )


def test_wrong_root_ends_in_an_error_that_hints_at_it(tmp_path, pictures):
    with (
        pytest.warns(UserWarning, match="lead to no file"),
        pytest.raises(ValueError, match="nothing to read"),
    ):
        ImageCNNClassifier(image_root=tmp_path).fit(["a.jpg", "b.jpg"], ["x", "y"])


def test_same_result_when_pictures_are_mapped_from_a_file(pictures):
    settings = {"filters": (4,), "image_size": 32, "max_epochs": 1, "random_state": 0}
    inside = ImageCNNClassifier(**settings).fit(*pictures)
    mapped = ImageCNNClassifier(max_memory=0, **settings).fit(*pictures)
    np.testing.assert_array_equal(
        inside.predict_proba(pictures[0]), mapped.predict_proba(pictures[0])
    )
